/* SPDX-License-Identifier: MIT
 *
 * More symbols than the hypervisor looks at (ELF_MAX_SYMBOLS), and the place of
 * the end.
 */
    .text

.macro one_symbol number
report_time_symbol_\number:
    nop
.endm

.altmacro
.set number, 0
.rept 8200
    one_symbol %number
    .set number, number + 1
.endr
.noaltmacro

/* void report_time_end(void): does not return. All registers are long. */
    .global report_time_end
report_time_end:
    mov $0xfedcba9876543210, %rax
    mov %rax, %rbx
    mov %rax, %rcx
    mov %rax, %rdx
    mov %rax, %rsi
    mov %rax, %rdi
    mov %rax, %rbp
    mov %rax, %r8
    mov %rax, %r9
    mov %rax, %r10
    mov %rax, %r11
    mov %rax, %r12
    mov %rax, %r13
    mov %rax, %r14
    mov %rax, %r15
    ud2

    .section .note.GNU-stack, "", @progbits

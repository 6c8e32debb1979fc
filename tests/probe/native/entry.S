/* SPDX-License-Identifier: MIT
 *
 * Into a deed and out of it. A deed ends by a trap, always: its own fault, or
 * the interrupt that follows its return. native_trap() then directs iretq to
 * native_call_end, so that it does not matter in which ring the deed ended.
 */
#include "tests/probe/native/native.h"

/* The exceptions that push an error code: 8, 10 to 14, 17, 21, 29, 30. */
#define ERROR_CODES 0x60227d00

        .text

/* ---- stubs: one for each vector, NATIVE_STUB_SIZE apart ---- */

        .globl native_stubs
        .balign NATIVE_STUB_SIZE
native_stubs:
        .set vector, 0
        .rept NATIVE_NR_STUBS
        .balign NATIVE_STUB_SIZE
        .if vector >= 32 || !(ERROR_CODES >> (vector & 31) & 1)
        push $0
        .endif
        push $vector
        jmp trap_common
        .set vector, vector + 1
        .endr

/* struct native_regs, rsp -> r11 */
trap_common:
        push %rax
        push %rcx
        push %rdx
        push %rsi
        push %rdi
        push %r8
        push %r9
        push %r10
        push %r11
        cld
        mov %rsp, %rdi
        call native_trap
        pop %r11
        pop %r10
        pop %r9
        pop %r8
        pop %rdi
        pop %rsi
        pop %rdx
        pop %rcx
        pop %rax
        add $16, %rsp
        iretq

/*
 * void native_call(probe_deed_t *deed, struct probe_io *io, uint64_t cs,
 *                  uint64_t ss, uint64_t rflags)
 *
 *      native_saved_rsp -> r15 r14 r13 r12 rbp rbx, return address
 */
        .globl native_call
native_call:
        push %rbx
        push %rbp
        push %r12
        push %r13
        push %r14
        push %r15
        mov %rsp, native_saved_rsp
        mov %rdi, %rax
        mov %rsi, %rdi
        push %rcx
        push $deed_stack_top
        push %r8
        push %rdx
        push $1f
        iretq
1:      call *%rax
        int $NATIVE_VECTOR_RETURN
        .globl native_call_end
native_call_end:
        pop %r15
        pop %r14
        pop %r13
        pop %r12
        pop %rbp
        pop %rbx
        ret

/* A kernel's own entry for syscall and sysenter: see env_entry_vaddr(). */
        .globl native_syscall_entry
native_syscall_entry:
        movb $1, native_entry_reached
        mov %r10, %rsp
        jmp *%rcx

        .bss
        .balign 4096
        .skip 8192
deed_stack_top:
        .globl native_saved_rsp
native_saved_rsp:
        .skip 8
        .globl native_entry_reached
native_entry_reached:
        .skip 1

        .section .note.GNU-stack, "", @progbits

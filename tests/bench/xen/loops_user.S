/* SPDX-License-Identifier: MIT
 *
 * The measured loops that run in user mode. Both roots map the whole image, so
 * that user code is simply more of it. A loop begins with an iret to user mode
 * and ends with a breakpoint, whose handler returns to the loop's caller; a
 * share of both in each of thousands of iterations is left in the figure.
 */
#include "tests/bench/xen/abi.h"
#include "tests/bench/xen/loops.h"
#include "tests/bench/xen/loops.inc"

    .section .bss
    .balign 4096
kernel_rsp:
    .skip 8
    .skip 4088
user_stack_top:

    .text

/* What enters from user mode is pushed below the loop's own frame. */
    .macro USER_LOOP name
    LOOP \name
    mov %rsp, kernel_rsp
    mov $XEN_SS, %edi
    mov %rsp, %rsi
    HYPERCALL XEN_STACK_SWITCH
    push $XEN_SS
    push $user_stack_top
    push $XEN_RFLAGS_IF
    push $XEN_CS
    push $1f
    push $0
    jmp xen_hypercall_page + 32 * XEN_IRET
1:
    .endm

    .macro END_USER_LOOP
    dec %rbx
    jnz 1b
    int3
    .endm

    HANDLER bench_leave_user
    mov kernel_rsp, %rsp
    xor %eax, %eax
    pop %rbx
    ret

    USER_LOOP bench_user_syscall
    syscall
    END_USER_LOOP

/* The kernel's part of a system call is empty. */
    HANDLER bench_syscall_entry
    pop %rcx
    pop %r11
    push $XEN_IRET_IN_SYSCALL
    jmp xen_hypercall_page + 32 * XEN_IRET

/* Handled by bench_skip_load. */
    USER_LOOP bench_user_page_fault
    xor %edx, %edx
    mov (%rdx), %rcx
    END_USER_LOOP

    .section .note.GNU-stack, "", @progbits

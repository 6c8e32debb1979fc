/* SPDX-License-Identifier: MIT
 *
 * The measured loops that run in user mode, where the whole text is mapped a
 * second time (tests/kernels/lib/user.h). A loop begins with an iret to its
 * code there and ends with a breakpoint, whose handler returns to the loop's
 * caller; a share of both in each of thousands of iterations is left in the
 * figure.
 */
#include "abi/abi.h"
#include "tests/bench/loops.h"
#include "tests/bench/loops.inc"

    .text

/* What enters from user mode is pushed below the loop's own frame. */
    .macro USER_LOOP name
    LOOP \name
    mov %rsp, %gs:PARAPET_VCPU_KERNEL_STACK
    push $PARAPET_SS
    push $0                         /* a loop that needs no stack */
    push $PARAPET_RFLAGS_IF
    push $PARAPET_CS_USER
    lea 2f(%rip), %rax
    sub $parapet_hypercall_page, %rax
    add $BENCH_USER_TEXT, %rax
    push %rax
    sub $PARAPET_FRAME_RIP, %rsp
    IRET
2:
    .endm

    .macro END_USER_LOOP
    dec %rbx
    jnz 2b
    int3
    .endm

    HANDLER bench_leave_user
    mov %gs:PARAPET_VCPU_KERNEL_STACK, %rsp
    xor %eax, %eax
    pop %rbx
    ret

    USER_LOOP bench_user_syscall
    syscall
    END_USER_LOOP

/* The kernel's part of a system call is empty. */
    HANDLER bench_syscall_entry
    IRET

/* A load from where nothing is mapped, three bytes long; it is skipped. */
    USER_LOOP bench_user_fault
    xor %edx, %edx
    mov (%rdx), %rcx
    END_USER_LOOP

    .section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: MIT
 *
 * The measured loops that run in ring 3. They are in a page of their own,
 * which is mapped a second time at BENCH_USER_TEXT. A loop begins with an
 * iretq to its code there and ends with a breakpoint, whose handler returns to
 * the loop's caller; a share of both in each of thousands of iterations is
 * left in the figure.
 */
#include "abi/abi.h"
#include "guest-kernel/bench/native_loops.h"
#include "guest-kernel/bench/native_loops.inc"
#include "guest-kernel/privops/native/native.h"
#include "lib/x86/descriptor.h"
#include "lib/x86/rflags.h"

        .data
        .balign 4096
kernel_rsp:
        .quad 0
        .balign 4096

        .text
        .balign 4096
        .globl bench_user_page
bench_user_page:

user_syscall:
        syscall
        dec %rbx
        jnz user_syscall
        int3

/* A load from where nothing is mapped, three bytes long; it is skipped. */
        .balign 64
user_fault:
        xor %edx, %edx
        mov (%rdx), %rcx
        dec %rbx
        jnz user_fault
        int3

        .balign 4096

/* What enters from ring 3 is pushed below the loop's own frame. */
        .macro USER_LOOP name, code
        LOOP \name
        mov %rsp, kernel_rsp
        mov %rsp, native_tss + TSS_RSP0
        pushq $PARAPET_SS
        pushq $0                        /* a loop that needs no stack */
        pushq $RFLAGS_ALWAYS
        pushq $PARAPET_CS_USER
        pushq $BENCH_USER_TEXT + \code - bench_user_page
        iretq
        .endm

        USER_LOOP bench_user_syscall, user_syscall
        USER_LOOP bench_user_fault, user_fault

        HANDLER bench_leave_user
        mov kernel_rsp, %rsp
        mov $NATIVE_SS, %eax            /* null after an entry from ring 3 */
        mov %eax, %ss
        pop %rbx
        ret

/* The kernel's part of a system call is empty: not even a stack. */
        HANDLER bench_syscall_entry
        sysretq

        .section .note.GNU-stack, "", @progbits

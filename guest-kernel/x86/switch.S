/* SPDX-License-Identifier: MIT
 *
 * void switch_stack(uint64_t *save_rsp, uint64_t load_rsp)
 *
 * From one thread to another: pushes what C functions preserve, stores rsp,
 * loads the other rsp and returns on that stack. A new thread's stack is made
 * (thread/thread.c) to look as if it had called this function:
 *
 *   load_rsp -> r15 r14 r13 r12 rbx rbp, return address
 *
 * No privileged operation: a thread switch costs the pv build no exit.
 */
        .text
        .globl switch_stack
        .type switch_stack, @function
switch_stack:
        push %rbp
        push %rbx
        push %r12
        push %r13
        push %r14
        push %r15
        mov %rsp, (%rdi)
        mov %rsi, %rsp
        pop %r15
        pop %r14
        pop %r13
        pop %r12
        pop %rbx
        pop %rbp
        ret
        .size switch_stack, . - switch_stack

        .section .note.GNU-stack, "", @progbits

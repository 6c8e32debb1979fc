/* SPDX-License-Identifier: MIT
 *
 * What the files with loops share. For assembly only.
 */
#ifndef BENCH_XEN_LOOPS_ASM_H
#define BENCH_XEN_LOOPS_ASM_H

    .macro LOOP name
    .balign 64
    .globl \name
\name:
    push %rbx
    mov %rdi, %rbx
1:
    .endm

    .macro END_LOOP
    dec %rbx
    jnz 1b
    pop %rbx
    ret
    .endm

    .macro HYPERCALL number
    call xen_hypercall_page + 32 * \number
    .endm

/* Where Xen enters: the stack is as abi.h says, rcx and r11 are free. */
    .macro HANDLER name
    .balign 64
    .globl \name
\name:
    .endm

#endif

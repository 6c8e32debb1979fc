/* SPDX-License-Identifier: MIT
 *
 * The kernel of the children (tests/kernels/lib/control.h) of life.c and
 * switch.c.
 */
    .section .rodata
    .globl mg_child_kernel, mg_child_kernel_end
    .balign 8
mg_child_kernel:
    .incbin KERNEL
mg_child_kernel_end:
    .section .note.GNU-stack, "", @progbits

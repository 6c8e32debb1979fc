/* SPDX-License-Identifier: MIT
 *
 * The kernel of control_neighbours.c's children: the micro-guest partners/neighbour.
 */
    .section .rodata
    .globl neighbour_kernel, neighbour_kernel_end
    .balign 8
neighbour_kernel:
    .incbin KERNEL
neighbour_kernel_end:
    .section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: MIT
 *
 * The kernel of bound_schedule.c's children: the micro-guest partners/crowd.
 */
    .section .rodata
    .globl crowd_kernel, crowd_kernel_end
    .balign 8
crowd_kernel:
    .incbin KERNEL
crowd_kernel_end:
    .section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: MIT
 *
 * The kernel of bound_wide.c's children: the micro-guest partners/wide.
 */
    .section .rodata
    .globl wide_kernel, wide_kernel_end
    .balign 8
wide_kernel:
    .incbin KERNEL
wide_kernel_end:
    .section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: MIT
 *
 * A kernel to build a domain of: that of the micro-guest yield.
 */
    .section .rodata
    .globl mg_kernel, mg_kernel_end
    .balign 8
mg_kernel:
    .incbin KERNEL
mg_kernel_end:

/* SPDX-License-Identifier: MIT
 *
 * The kernel of control_chaos.c's children: the micro-guest partners/chaos.
 */
    .section .rodata
    .globl chaos_kernel, chaos_kernel_end
    .balign 8
chaos_kernel:
    .incbin KERNEL
chaos_kernel_end:
    .section .note.GNU-stack, "", @progbits

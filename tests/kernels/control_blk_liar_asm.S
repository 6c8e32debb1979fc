/* SPDX-License-Identifier: MIT
 *
 * The kernel of control_blk_liar.c's child: the guest kernel.
 */
    .section .rodata
    .globl guest_kernel, guest_kernel_end
    .balign 8
guest_kernel:
    .incbin KERNEL
guest_kernel_end:
    .section .note.GNU-stack, "", @progbits

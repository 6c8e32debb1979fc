/* SPDX-License-Identifier: MIT
 *
 * The guest's ways in: the notes by which Xen recognises and loads it, its
 * first instruction, and the entries of traps that nobody expects.
 */
#include "tests/bench/xen/abi.h"

/* ---- ELF notes: numbers and meanings are in Xen's public elfnote.h ---- */

    .macro NOTE type, directive, value:vararg
    .long 2f - 1f, 4f - 3f, \type
1:  .asciz "Xen"
2:  .balign 4
3:  \directive \value
4:  .balign 4
    .endm

    .section .note.xen, "a", @note
    NOTE 5, .asciz, "xen-3.0"               /* version of the interface */
    NOTE 6, .asciz, "parapet-bench"         /* name of the guest */
    NOTE 8, .asciz, "generic"               /* loader */
    NOTE 1, .quad, guest_start              /* entry */
    NOTE 2, .quad, xen_hypercall_page       /* filled by Xen */
    NOTE 3, .quad, XEN_GUEST_BASE           /* virtual address of pfn 0 */
    NOTE 4, .quad, 0                        /* what p_paddr is too high by */

    .section .hypercall_page, "ax", @progbits
    .globl xen_hypercall_page
xen_hypercall_page:
    .skip 4096

/* ---- start: rsi is the start_info's virtual address ---- */

    .section .bss
    .balign 4096
    .skip 16384
stack_top:

    .text
    .globl guest_start
guest_start:
    cld
    mov $stack_top, %rsp
    xor %ebp, %ebp
    mov %rsi, %rdi
    call guest_main
    ud2

/*
 * ---- traps ----
 *
 * An entry for each vector, 16 bytes apart. The words on the stack are then
 * the vector, rcx, r11, an error code for some, rip, cs, rflags, rsp, ss.
 */
    .balign 16
    .globl trap_entries
trap_entries:
    vector = 0
    .rept 32
    .balign 16
    push $vector
    jmp 1f
    vector = vector + 1
    .endr

1:  mov %rsp, %rdi
    and $-16, %rsp
    call trap_unexpected
    ud2

    .section .note.GNU-stack, "", @progbits

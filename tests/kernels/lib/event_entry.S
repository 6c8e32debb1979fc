/* SPDX-License-Identifier: MIT
 *
 * The event upcall. In: rsp at a parapet_frame, events masked. Never returns
 * but by iret, which unmasks events as they were.
 */
#include "tests/kernels/lib/regs.inc"

    .text
    .globl mg_event_entry
mg_event_entry:
    push $0
    SAVE_REGS
    mov %rsp, %rdi
    call mg_event_dispatch
    RESTORE_REGS_AND_IRET

    .section .note.GNU-stack, "", @progbits

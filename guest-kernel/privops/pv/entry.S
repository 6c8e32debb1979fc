/* SPDX-License-Identifier: MIT
 *
 * The pv entry stubs and the way back. The hypervisor has pushed a struct
 * parapet_frame with rax, rcx and r11 in it, so a stub has them free. See
 * x86/trap_entry.S for what goes on.
 */
#include "guest-kernel/x86/trap.h"

        .text
        .globl trap_stubs
        .balign TRAP_STUB_SIZE
trap_stubs:
        .set vector, 0
        .rept TRAP_NR_STUBS
        .balign TRAP_STUB_SIZE
        mov $vector, %eax
        jmp trap_common
        .set vector, vector + 1
        .endr

/* A system call of user mode: PARAPET_CALLBACK_SYSCALL. */
        .globl pv_syscall_entry
pv_syscall_entry:
        mov $TRAP_SYSCALL, %eax
        jmp trap_common

/*
 * hypercall_iret: entry 0 of the page. A jump, since it pops the frame that
 * rsp points at and never returns here.
 */
        .globl trap_return
trap_return:
        jmp parapet_hypercall_page

        .section .note.GNU-stack, "", @progbits

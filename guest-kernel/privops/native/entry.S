/* SPDX-License-Identifier: MIT
 *
 * The native entry stubs and the way back. The CPU pushes (APM 2, 8.9.3)
 *
 *   [error] rip cs rflags rsp ss
 *
 * on a stack that it has aligned to 16; a stub adds the error where the CPU
 * does not, then r11, rcx and rax: a struct parapet_frame, as the hypervisor
 * would have pushed it. See x86/trap_entry.S for what goes on.
 */
#include "abi/abi.h"
#include "guest-kernel/privops/native/native.h"
#include "guest-kernel/x86/trap.h"
#include "lib/x86/descriptor.h"

/* Vectors 8, 10 to 14, 17, 21, 29 and 30 come with an error code. */
#define ERROR_CODE_VECTORS 0x60227d00

        .text
        .globl trap_stubs
        .balign TRAP_STUB_SIZE
trap_stubs:
        .set vector, 0
        .rept TRAP_NR_STUBS
        .balign TRAP_STUB_SIZE
        .if vector >= TRAP_NR_EXCEPTIONS || !((ERROR_CODE_VECTORS >> vector) & 1)
        push $0
        .endif
        push %r11
        push %rcx
        push %rax
        mov $vector, %eax
        jmp trap_common
        .set vector, vector + 1
        .endr

/*
 * syscall in user mode (APM 2, 6.1.1): rip is in rcx, rflags in r11, rsp is
 * still the user's, interrupts are disabled (SFMASK). The frame is made by
 * hand. There is one CPU, so its memory is found without GS, which stays the
 * user's all the time: no swapgs anywhere.
 */
        .globl native_syscall_entry
native_syscall_entry:
        mov %rsp, user_rsp(%rip)
        mov native_tss + TSS_RSP0(%rip), %rsp
        push $PARAPET_SS
        push user_rsp(%rip)
        push %r11                       /* rflags */
        push $PARAPET_CS_USER
        push %rcx                       /* rip */
        push $0                         /* no error code */
        push %r11
        push %rcx
        push %rax
        mov $TRAP_SYSCALL, %eax
        jmp trap_common

        .globl trap_return
trap_return:
        pop %rax
        pop %rcx
        pop %r11
        add $8, %rsp                    /* the error code */
        iretq

        .bss
        .balign 8
user_rsp:
        .skip 8

        .section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: MIT
 *
 * The part of boot/contain.c that runs in ring 3, and the way there and back.
 */
#include "abi/abi.h"
#include "hypervisor/boot/contain_page.h"

        .section .rodata

/*
 * Copied to CONTAIN_PAGE and run there, with rax = 0 and rsp in a frame that
 * only ring 0 may touch. ud2 with rax = 1: the transfer took place.
 */
        .globl contain_page, contain_page_end
        .globl contain_call, contain_return, contain_iret, contain_landed
contain_page:
contain_call:
        .byte 0x48                      /* REX.W */
        lcall *1f(%rip)
contain_return:
        lretq
contain_iret:
        iretq
contain_landed:
        mov $1, %eax
        ud2
1:      .quad CONTAIN_PAGE + contain_landed - contain_page
        .word PARAPET_CS_USER
contain_page_end:

        .text

/*
 * bool contain_try(uint64_t rip, uint64_t rsp): goes there, and returns the rax
 * with which an exception comes back. Needs the table of
 * idt_load_trial(contain_back, contain_nmi). The exception's own frame is at the
 * top of the main stack, whose place for a guest's registers is unused yet.
 */
        .globl contain_try
contain_try:
        push %rbx
        push %rbp
        push %r12
        push %r13
        push %r14
        push %r15
        mov %rsp, resume_rsp(%rip)
        push $PARAPET_SS
        push %rsi
        push $2                         /* rflags: interrupts off */
        push $PARAPET_CS_USER
        push %rdi
        xor %eax, %eax
        iretq

        .globl contain_back
contain_back:
        mov resume_rsp(%rip), %rsp
        pop %r15
        pop %r14
        pop %r13
        pop %r12
        pop %rbp
        pop %rbx
        ret

        .globl contain_nmi
contain_nmi:
        iretq

        .bss
        .balign 8
resume_rsp:
        .skip 8
        .section .note.GNU-stack, "", @progbits

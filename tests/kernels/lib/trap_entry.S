/* SPDX-License-Identifier: MIT
 *
 * The runtime's exception entries, and the two halves of mg_try.
 */
#include "abi/abi.h"
#include "tests/kernels/lib/regs.inc"

    .text

/*
 * One entry of TRAP_ENTRY_SIZE (trap.c) bytes for each vector, and one for
 * system calls. In: rsp at a parapet_frame. Never returns but by iret.
 */
    .globl mg_trap_entries
    .balign 16
mg_trap_entries:
    .set vector, 0
    .rept PARAPET_NR_TRAPS + 1
    .balign 16
    push $vector
    jmp trap_common
    .set vector, vector + 1
    .endr

trap_common:
    SAVE_REGS
    mov %rsp, %rdi
    call mg_trap_dispatch
    RESTORE_REGS_AND_IRET

/*
 * uint64_t mg_try_run(uint64_t *saved_rsp, void (*fn)(void *), void *arg)
 *
 * Calls fn(arg) and returns 0. A fault instead makes the dispatcher return to
 * mg_try_faulted with rsp as stored in *saved_rsp, and that returns 1 to the
 * same caller:
 *
 *      saved_rsp -> r15 r14 r13 r12 rbp rbx, return address
 */
    .globl mg_try_run
mg_try_run:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rdx, %rdi
    sub $8, %rsp /* rsp is a multiple of 16 at a call */
    call *%rsi
    add $8, %rsp
    xor %eax, %eax
1:  pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

    .globl mg_try_faulted
mg_try_faulted:
    mov $1, %eax
    jmp 1b

    .section .note.GNU-stack, "", @progbits

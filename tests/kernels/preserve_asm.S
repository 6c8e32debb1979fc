/* SPDX-License-Identifier: MIT
 *
 * The core of preserve.c: loads every register from preserve_before, calls
 * *preserve_target, stores every register to preserve_after. From the popfq
 * on nothing changes the flags; from the last mov on, no register. The
 * variables are reached by address alone: no register is free for a base.
 */
#include "abi/abi.h"

    .set RFLAGS, 128
    .set FS_BASE, 136
    .set GS_BASE, 144
    .set DS, 152
    .set ES, 160
    .set FS, 168
    .set GS, 176
    .set MXCSR, 184
    .set X87_CONTROL, 188
    .set YMM, 192

    .altmacro

/* Each general register with its slot, but rsp. */
    .macro FOR_EACH_REGISTER do
    \do rax, 0
    \do rbx, 8
    \do rcx, 16
    \do rdx, 24
    \do rsi, 32
    \do rdi, 40
    \do rbp, 48
    \do r8, 64
    \do r9, 72
    \do r10, 80
    \do r11, 88
    \do r12, 96
    \do r13, 104
    \do r14, 112
    \do r15, 120
    .endm

    .macro LOAD_REGISTER register, slot
    mov preserve_before + \slot, %\register
    .endm
    .macro STORE_REGISTER register, slot
    mov %\register, preserve_after + \slot
    .endm

    .macro LOAD_YMM number
    vmovups preserve_before + YMM + 32 * \number, %ymm\number
    .endm
    .macro STORE_YMM number
    vmovups %ymm\number, preserve_after + YMM + 32 * \number
    .endm

    .macro FOR_EACH_YMM do
    .set n, 0
    .rept 16
    \do %n
    .set n, n + 1
    .endr
    .endm

    .bss
    .balign 64
    .globl preserve_before, preserve_after, preserve_target, preserve_rsp
preserve_before:
    .skip YMM + 16 * 32
preserve_after:
    .skip YMM + 16 * 32
preserve_target:
    .skip 8
preserve_rsp:
    .skip 8
saved_fs_base:
    .skip 8
saved_gs_base:
    .skip 8
saved_mxcsr:
    .skip 4
saved_x87_control:
    .skip 4

    .text

/*
 * void preserve_round(void)
 *
 * For its caller it is an ordinary function: callee-saved registers, segments,
 * bases and control words come back as they were. Stack at the call:
 *
 *      rsp -> r15 r14 r13 r12 rbp rbx, return address
 */
    .globl preserve_round
preserve_round:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, preserve_rsp
    rdfsbase %rax
    mov %rax, saved_fs_base
    rdgsbase %rax
    mov %rax, saved_gs_base
    stmxcsr saved_mxcsr
    fnstcw saved_x87_control

    FOR_EACH_YMM LOAD_YMM
    ldmxcsr preserve_before + MXCSR
    fldcw preserve_before + X87_CONTROL
    mov preserve_before + DS, %ds
    mov preserve_before + ES, %es
    mov preserve_before + FS, %fs
    mov preserve_before + GS, %gs
    mov preserve_before + FS_BASE, %rax
    wrfsbase %rax
    mov preserve_before + GS_BASE, %rax
    wrgsbase %rax
    pushq preserve_before + RFLAGS
    popfq
    FOR_EACH_REGISTER LOAD_REGISTER

    call *preserve_target

    FOR_EACH_REGISTER STORE_REGISTER
    mov %rsp, preserve_after + 56
    pushfq
    popq preserve_after + RFLAGS
    cld
    rdfsbase %rax
    mov %rax, preserve_after + FS_BASE
    rdgsbase %rax
    mov %rax, preserve_after + GS_BASE
    mov %ds, %eax
    mov %rax, preserve_after + DS
    mov %es, %eax
    mov %rax, preserve_after + ES
    mov %fs, %eax
    mov %rax, preserve_after + FS
    mov %gs, %eax
    mov %rax, preserve_after + GS
    stmxcsr preserve_after + MXCSR
    fnstcw preserve_after + X87_CONTROL
    FOR_EACH_YMM STORE_YMM

    xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %fs
    mov %eax, %gs
    mov saved_fs_base, %rax
    wrfsbase %rax
    mov saved_gs_base, %rax
    wrgsbase %rax
    ldmxcsr saved_mxcsr
    fldcw saved_x87_control
    mov preserve_rsp, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

/* The hypercall whose number is in rax, without the page. */
    .globl preserve_syscall
preserve_syscall:
    syscall
    ret

/*
 * An iret to the instruction after it, with a frame of what is in the
 * registers. pushes leave the flags alone; the frame's rsp is that of the
 * entry less 8, which the lea takes back.
 */
    .globl preserve_iret
preserve_iret:
    pushq $PARAPET_SS
    pushq %rsp
    pushfq
    pushq $PARAPET_CS_KERNEL
    pushq $1f
    pushq $0
    pushq %r11
    pushq %rcx
    pushq %rax
    jmp parapet_hypercall_page
1:  lea 8(%rsp), %rsp
    ret

/* An exception whose handler does nothing. */
    .globl preserve_int3
preserve_int3:
    int3
    ret

/* An instruction that traps and is emulated. */
    .globl preserve_cli
preserve_cli:
    cli
    ret

/* rcx rounds of nothing, for upcalls to come between: loop sets no flags. */
    .globl preserve_spin
preserve_spin:
    loop preserve_spin
    ret

    .section .note.GNU-stack, "", @progbits

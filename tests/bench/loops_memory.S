/* SPDX-License-Identifier: MIT
 *
 * The measured loops of memory: page tables and address spaces. Where an
 * iteration does two operations, the second undoes the first.
 */
#include "abi/abi.h"
#include "abi/memory.h"
#include "tests/bench/loops.h"
#include "tests/bench/loops.inc"

    .section .data
    .balign 4096
    .globl bench_count, bench_values, bench_pte, bench_pages, bench_frames
bench_count:
    .quad 0
bench_values:
    .quad 0, 0
bench_pte:
    .quad 0
bench_pages:
    .quad 0, 0
bench_frames:
    .quad 0, 0
    .balign 4096

    .text

/* All updates of a list: the hypervisor stops after some, and goes on. */
    .macro MMU_UPDATE updates:vararg
    mov $\updates, %rdi
    mov bench_count, %rsi
    mov $-1, %rdx
7:  HYPERCALL 64
    test %rax, %rax
    jz 8f
    cmp $-BENCH_ERESTART, %rax
    jne 9f
    mov %gs:PARAPET_VCPU_RESTART_DONE, %rax
    sub %rax, %rsi
    shl $4, %rax                    /* the size of an update */
    add %rax, %rdi
    jmp 7b
9:  ud2
8:
    .endm

    LOOP bench_mmu_update
    MMU_UPDATE bench_updates
    MMU_UPDATE bench_updates + BENCH_UPDATE_SIZE * BENCH_BATCH
    END_LOOP

    .macro UPDATE_VA value:vararg
    mov bench_pages, %rdi
    mov \value, %rsi
    mov $PARAPET_FLUSH_LOCAL, %edx
    HYPERCALL 65
    .endm

    LOOP bench_update_va
    UPDATE_VA bench_values
    UPDATE_VA bench_values + 8
    END_LOOP

/* Each store is a fault, which the hypervisor takes for an update. */
    LOOP bench_pte_trap
    mov bench_pte, %rdx
    mov bench_values, %rax
    mov %rax, (%rdx)
    mov bench_values + 8, %rax
    mov %rax, (%rdx)
    END_LOOP

/* Touched, mapped by the handler, touched again by the same store, unmapped. */
    LOOP bench_demand_fault
    mov bench_pages, %rcx
    movb $1, (%rcx)
    UPDATE_VA $0
    END_LOOP

/* Looks the address up and keeps the registers, as any such handler must. */
    HANDLER bench_map_page
    push %rdx
    push %rsi
    push %rdi
    mov %gs:PARAPET_VCPU_FAULT_VADDR, %rdi
    mov bench_values, %rsi
    xor %edx, %edx                  /* PARAPET_FLUSH_NONE */
    HYPERCALL 65
    test %rax, %rax
    jnz 1f
    pop %rdi
    pop %rsi
    pop %rdx
    IRET
1:  ud2

    .macro INVALIDATE page:vararg
    mov \page, %rdi
    mov $PARAPET_FLUSH_LOCAL, %esi
    HYPERCALL 70
    .endm

    LOOP bench_invalidate
    INVALIDATE bench_pages
    INVALIDATE bench_pages + 8
    END_LOOP

    .macro KERNEL_ROOT frame:vararg
    mov \frame, %rdi
    HYPERCALL 68
    .endm

    LOOP bench_root_switch
    KERNEL_ROOT bench_frames
    KERNEL_ROOT bench_frames + 8
    END_LOOP

/* Both may stop, and go on when they are called again: nothing is lost. */
    LOOP bench_pin_unpin
    mov bench_frames, %rdi
    mov $PARAPET_TABLE_L1, %esi
2:  HYPERCALL 66
    cmp $-BENCH_ERESTART, %rax
    je 2b
    test %rax, %rax
    jnz 4f
3:  HYPERCALL 67
    cmp $-BENCH_ERESTART, %rax
    je 3b
    END_LOOP
4:  ud2

    .section .note.GNU-stack, "", @progbits

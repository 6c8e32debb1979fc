/* SPDX-License-Identifier: MIT
 *
 * The measured loops of memory, as the bare machine does it. Where an
 * iteration does two operations, the second undoes the first. The bodies are
 * those of tests/bench/loops_memory.S with the hypervisor left out.
 */
#include "guest-kernel/bench/native_loops.h"
#include "guest-kernel/bench/native_loops.inc"

        .data
        .balign 4096
        .globl bench_count, bench_values, bench_table, bench_pages, bench_roots
bench_count:
        .quad 0
bench_values:
        .quad 0, 0
bench_table:
        .quad 0
bench_pages:
        .quad 0, 0
bench_roots:
        .quad 0, 0
        .balign 4096

        .text

        LOOP bench_pte_update
        mov bench_table, %rdx
        mov bench_values, %rax
        mov %rax, (%rdx)
        mov bench_values + 8, %rax
        mov %rax, (%rdx)
        END_LOOP

/* One value into so many entries side by side. */
        .macro STORE_ENTRIES value:vararg
        mov bench_table, %rdi
        mov bench_count, %rcx
        mov \value, %rax
2:      mov %rax, (%rdi)
        add $8, %rdi
        dec %rcx
        jnz 2b
        .endm

        LOOP bench_pte_batch
        STORE_ENTRIES bench_values
        STORE_ENTRIES bench_values + 8
        END_LOOP

        .macro SET_PAGE value:vararg
        mov bench_pages, %rdi
        mov bench_table, %rdx
        mov \value, %rax
        mov %rax, (%rdx)
        invlpg (%rdi)
        .endm

        LOOP bench_pte_set_va
        SET_PAGE bench_values
        SET_PAGE bench_values + 8
        END_LOOP

/* Touched, mapped by the handler, touched again by the same store, unmapped. */
        LOOP bench_demand_fault
        mov bench_pages, %rcx
        movb $1, (%rcx)
        SET_PAGE $0
        END_LOOP

/*
 * Finds the entry in the table, which it knows, by the address; and keeps the
 * registers, as any such handler must.
 */
        HANDLER bench_map_page
        push %rax
        push %rdx
        mov %cr2, %rax
        shr $12, %rax
        and $511, %eax
        shl $3, %rax
        add bench_table, %rax
        mov bench_values, %rdx
        mov %rdx, (%rax)
        pop %rdx
        pop %rax
        add $8, %rsp                    /* the error code */
        iretq

        LOOP bench_invalidate
        mov bench_pages, %rax
        invlpg (%rax)
        mov bench_pages + 8, %rax
        invlpg (%rax)
        END_LOOP

        LOOP bench_root_switch
        mov bench_roots, %rax
        mov %rax, %cr3
        mov bench_roots + 8, %rax
        mov %rax, %cr3
        END_LOOP

        .section .note.GNU-stack, "", @progbits

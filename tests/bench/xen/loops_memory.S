/* SPDX-License-Identifier: MIT
 *
 * The measured loops of memory: page tables and grants.
 */
#include "tests/bench/xen/abi.h"
#include "tests/bench/xen/loops.h"
#include "tests/bench/xen/loops.inc"

    .text

    .macro MMU_UPDATE requests:vararg
    mov $\requests, %rdi
    mov bench_count, %rsi
    xor %edx, %edx
    mov $XEN_DOMAIN_SELF, %r10d
    HYPERCALL XEN_MMU_UPDATE
    .endm

    LOOP bench_mmu_update
    MMU_UPDATE bench_requests
    MMU_UPDATE bench_requests + XEN_MMU_UPDATE_SIZE * BENCH_BATCH
    END_LOOP

    .macro UPDATE_VA value:vararg
    mov $bench_window, %rdi
    mov \value, %rsi
    mov $XEN_UVM_INVALIDATE, %edx
    HYPERCALL XEN_UPDATE_VA_MAPPING
    .endm

    LOOP bench_update_va
    UPDATE_VA bench_values
    UPDATE_VA bench_values + 8
    END_LOOP

    LOOP bench_pte_trap
    mov bench_pte, %rdx
    mov bench_values, %rax
    mov %rax, (%rdx)
    mov bench_values + 8, %rax
    mov %rax, (%rdx)
    END_LOOP

/* Touched, mapped by the handler, touched again by the same store, unmapped. */
    LOOP bench_demand_fault
    movb $1, bench_window
    UPDATE_VA $0
    END_LOOP

/* Looks the address up and keeps the registers, as any such handler must. */
    HANDLER bench_map_window
    push %rax
    push %rdx
    push %rsi
    push %rdi
    mov bench_vcpu, %rdi
    mov XEN_VCPU_CR2(%rdi), %rdi
    mov bench_values, %rsi
    xor %edx, %edx
    HYPERCALL XEN_UPDATE_VA_MAPPING
    pop %rdi
    pop %rsi
    pop %rdx
    pop %rax
    pop %rcx
    pop %r11
    movq $0, (%rsp)
    jmp xen_hypercall_page + 32 * XEN_IRET

    .macro MMUEXT operation:vararg
    mov $\operation, %rdi
    mov $1, %esi
    xor %edx, %edx
    mov $XEN_DOMAIN_SELF, %r10d
    HYPERCALL XEN_MMUEXT
    .endm

    LOOP bench_mmuext
    MMUEXT bench_operations
    MMUEXT bench_operations + XEN_MMUEXT_SIZE
    END_LOOP

    .macro GRANT operation, argument
    mov $\operation, %edi
    mov $\argument, %rsi
    mov bench_count, %rdx
    HYPERCALL XEN_GRANT_TABLE
    .endm

/* Mapping yields the handles that unmapping needs, each if it was done: as in
 * our own loop (tests/bench/loops_grant.S). */
    LOOP bench_grant_map_unmap
    GRANT XEN_GRANT_MAP, bench_grant_maps
    mov $bench_grant_maps, %rdi
    mov $bench_grant_unmaps, %rsi
    mov bench_count, %rcx
    xor %edx, %edx
2:  or XEN_GRANT_MAP_STATUS(%rdi), %dx
    mov XEN_GRANT_MAP_HANDLE(%rdi), %eax
    mov %eax, XEN_GRANT_UNMAP_HANDLE(%rsi)
    add $XEN_GRANT_MAP_SIZE, %rdi
    add $XEN_GRANT_UNMAP_SIZE, %rsi
    dec %rcx
    jnz 2b
    test %edx, %edx
    jnz 3f
    GRANT XEN_GRANT_UNMAP, bench_grant_unmaps
    END_LOOP
3:  ud2

    LOOP bench_grant_copy
    GRANT XEN_GRANT_COPY, bench_copies
    END_LOOP

    .section .note.GNU-stack, "", @progbits

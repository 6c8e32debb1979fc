/* SPDX-License-Identifier: MIT
 *
 * The measured loops of grants. What maps or holds yields handles, which what
 * unmaps or releases needs: a guest has to look at each element in between, so
 * that is in the figures.
 */
#include "abi/abi.h"
#include "tests/bench/loops.h"
#include "tests/bench/loops.inc"

    .text

/* All elements: the hypervisor stops after some, and goes on. */
    .macro GRANT number, elements, size
    mov $\elements, %rdi
    mov bench_count, %rsi
7:  HYPERCALL \number
    test %rax, %rax
    jz 8f
    cmp $-BENCH_ERESTART, %rax
    jne 9f
    mov %gs:PARAPET_VCPU_RESTART_DONE, %rax
    sub %rax, %rsi
    imul $\size, %rax, %rax
    add %rax, %rdi
    jmp 7b
9:  ud2
8:
    .endm

/* Each element is done, and its handle is put into bench_grant_handles: by its
 * place from the end, which is the count as well. */
    .macro TAKE_HANDLES elements, size, status, handle
    mov $\elements, %rdi
    mov bench_count, %rcx
    lea bench_grant_handles(, %rcx, BENCH_GRANT_UNMAP_SIZE), %rsi
    neg %rcx
    xor %edx, %edx
7:  or \status(%rdi), %edx
    mov \handle(%rdi), %eax
    mov %eax, (%rsi, %rcx, BENCH_GRANT_UNMAP_SIZE)
    add $\size, %rdi
    inc %rcx
    jnz 7b
    test %edx, %edx
    jz 8f
    ud2
8:
    .endm

    LOOP bench_grant_map_unmap
    GRANT 96, bench_grant_maps, BENCH_GRANT_MAP_SIZE
    TAKE_HANDLES bench_grant_maps, BENCH_GRANT_MAP_SIZE, \
        BENCH_GRANT_MAP_STATUS, BENCH_GRANT_MAP_HANDLE
    GRANT 97, bench_grant_handles, BENCH_GRANT_UNMAP_SIZE
    END_LOOP

    LOOP bench_grant_hold_release
    GRANT 98, bench_grant_holds, BENCH_GRANT_HOLD_SIZE
    TAKE_HANDLES bench_grant_holds, BENCH_GRANT_HOLD_SIZE, \
        BENCH_GRANT_HOLD_STATUS, BENCH_GRANT_HOLD_HANDLE
    GRANT 99, bench_grant_handles, BENCH_GRANT_UNMAP_SIZE
    END_LOOP

    LOOP bench_grant_copy
    GRANT 100, bench_grant_copies, BENCH_GRANT_COPY_SIZE
    END_LOOP

    .section .note.GNU-stack, "", @progbits

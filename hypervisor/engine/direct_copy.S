/* SPDX-License-Identifier: MIT
 *
 * size_t guest_copy(void *to, const void *from, size_t nr_bytes)
 *
 * Copies between the hypervisor and the memory of the guest that runs, with
 * SMAP's guard lifted meanwhile. Called by engine/direct_access.c alone, which
 * has checked that the guest's side lies outside the hypervisor's range.
 * Returns how many bytes were not copied: 0, unless a page was missing.
 * Clobbers rax, rdx, rsi, rdi.
 */
#include "hypervisor/x86/entry_macros.inc"

        .text
        .balign 16
        .globl guest_copy
        .type guest_copy, @function
guest_copy:
        stac
        sub $8, %rdx
        jb 2f
1:      MAY_FAULT 5f, mov (%rsi), %rax
        MAY_FAULT 5f, mov %rax, (%rdi)
        add $8, %rsi
        add $8, %rdi
        sub $8, %rdx
        jae 1b
2:      add $8, %rdx
        jz 4f
3:      MAY_FAULT 4f, mov (%rsi), %al
        MAY_FAULT 4f, mov %al, (%rdi)
        inc %rsi
        inc %rdi
        dec %rdx
        jnz 3b
4:      clac
        mov %rdx, %rax
        ret
        /* A whole word failed: go on byte by byte, for an exact count. */
5:      add $8, %rdx
        jmp 3b
        .size guest_copy, . - guest_copy
        .section .note.GNU-stack, "", @progbits

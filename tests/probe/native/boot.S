/* SPDX-License-Identifier: MIT
 *
 * From the PVH entry (Xen's "x86/HVM direct boot ABI", docs/misc/pvh.pandoc)
 * to C: 32-bit protected mode, no paging. The tables map the first 4 GiB at 0
 * and the first GiB at NATIVE_BASE, open to ring 3: the deeds run there too,
 * and nothing has to be kept from them.
 */
#include "tests/probe/native/native.h"
#include "lib/x86/pvh.h"

#define PA(symbol) ((symbol) - NATIVE_BASE)
#define PDPT_SLOT(vaddr) ((((vaddr) >> 30) & 511) * 8)
#define PTE_TABLE 0x7                   /* present, writable, user */
#define PTE_LARGE 0x87                  /* the same, 2 MiB */
#define CR4_PAE 0x20
#define MSR_EFER 0xc0000080
#define EFER_SCE_LME_NXE 0x901
#define CR0_PG_AM_WP_NE_ET_MP_PE 0x80050033

        .section .note.pvh, "a", @note
        .balign 4
        .long 4, 8, PVH_NOTE_ENTRY
        .asciz "Xen"
        .quad PA(native_start)

        .text
        .code32
        .globl native_start
native_start:
        cld
        cli

        /* Four directories in a row: 2048 pages of 2 MiB. */
        mov $PA(boot_pd), %edi
        mov $PTE_LARGE, %eax
        xor %ecx, %ecx
1:      mov %eax, (%edi, %ecx, 8)
        add $0x200000, %eax
        inc %ecx
        cmp $2048, %ecx
        jb 1b
        movl $PA(boot_pd) + PTE_TABLE, PA(boot_pdpt)
        movl $PA(boot_pd) + 0x1000 + PTE_TABLE, PA(boot_pdpt) + 8
        movl $PA(boot_pd) + 0x2000 + PTE_TABLE, PA(boot_pdpt) + 16
        movl $PA(boot_pd) + 0x3000 + PTE_TABLE, PA(boot_pdpt) + 24
        movl $PA(boot_pd) + PTE_TABLE, PA(boot_pdpt) + PDPT_SLOT(NATIVE_BASE)
        movl $PA(boot_pdpt) + PTE_TABLE, PA(boot_pml4)
        movl $PA(boot_pdpt) + PTE_TABLE, PA(boot_pml4) + 511 * 8

        mov $CR4_PAE, %eax
        mov %eax, %cr4
        mov $PA(boot_pml4), %eax
        mov %eax, %cr3
        mov $MSR_EFER, %ecx
        mov $EFER_SCE_LME_NXE, %eax
        xor %edx, %edx
        wrmsr
        mov $CR0_PG_AM_WP_NE_ET_MP_PE, %eax
        mov %eax, %cr0
        lgdt PA(boot_gdt_pointer)
        ljmp $NATIVE_CS, $PA(start_64)

        .code64
start_64:
        mov $1f, %rax
        jmp *%rax
1:      mov $NATIVE_SS, %eax
        mov %eax, %ss
        mov $boot_stack_top, %rsp
        xor %ebp, %ebp
        call native_main

        .section .rodata
        .balign 8
boot_gdt:
        .quad 0
        .quad 0x00209b0000000000        /* NATIVE_CS: 64-bit code */
        .quad 0x0000930000000000        /* NATIVE_SS: data */
boot_gdt_pointer:
        .word 3 * 8 - 1
        .long PA(boot_gdt)

        .bss
        .balign 4096
boot_pml4:
        .skip 4096
boot_pdpt:
        .skip 4096
boot_pd:
        .skip 4 * 4096
        .skip 16384
boot_stack_top:

        .section .note.GNU-stack, "", @progbits

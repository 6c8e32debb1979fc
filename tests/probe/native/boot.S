/* SPDX-License-Identifier: MIT
 *
 * From the PVH entry (Xen's "x86/HVM direct boot ABI", docs/misc/pvh.pandoc)
 * to C: 32-bit protected mode, no paging. The tables map the first 4 GiB at 0
 * and the first GiB at NATIVE_BASE, open to ring 3: the deeds run there too,
 * and nothing has to be kept from them.
 */
#include "lib/x86/control.h"
#include "lib/x86/descriptor.h"
#include "lib/x86/msr.h"
#include "lib/x86/pvh.h"
#include "tests/probe/native/native.h"

#define PA(symbol) ((symbol) - NATIVE_BASE)
#define PDPT_SLOT(vaddr) ((((vaddr) >> 30) & 511) * 8)
#define PTE_TABLE 0x7                   /* present, writable, user */
#define PTE_LARGE 0x87                  /* the same, 2 MiB */
#define BOOT_CR0                                                               \
    (CR0_PG | CR0_AM | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE)

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
        mov $(EFER_SCE | EFER_LME | EFER_NXE), %eax
        xor %edx, %edx
        wrmsr
        mov $BOOT_CR0, %eax
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
        .quad DESCRIPTOR_CODE           /* NATIVE_CS */
        .quad DESCRIPTOR_DATA           /* NATIVE_SS */
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

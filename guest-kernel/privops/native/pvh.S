/* SPDX-License-Identifier: MIT
 *
 * From the PVH entry (Xen's "x86/HVM direct boot ABI", docs/misc/pvh.pandoc)
 * to C: 32-bit protected mode, no paging, ebx = physical address of the start
 * info. The first page tables map the first GiB at 0, at PARAPET_DIRECT_MAP
 * and at KERNEL_BASE; native_paging_init() replaces them.
 */
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/privops/native/native.h"
#include "lib/x86/control.h"
#include "lib/x86/descriptor.h"
#include "lib/x86/msr.h"
#include "lib/x86/pvh.h"

#define CPU_CHECK_SAYS "guest: "
#include "lib/x86/cpu_check.inc"

#define PA(symbol) ((symbol) - KERNEL_BASE)
#define PML4_SLOT(vaddr) ((((vaddr) >> 39) & 511) * 8)
#define PDPT_SLOT(vaddr) ((((vaddr) >> 30) & 511) * 8)
#define PTE_TABLE 0x3                   /* present, writable */
#define PTE_LARGE 0x83                  /* the same, 2 MiB */
#define BOOT_CR0 (CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE)

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
        mov $PA(boot_stack_start) + STACK_SIZE, %esp
        call cpu_check

        /* One directory of 512 pages of 2 MiB, reached from three slots. */
        mov $PA(boot_pd), %edi
        mov $PTE_LARGE, %eax
        xor %ecx, %ecx
1:      mov %eax, (%edi, %ecx, 8)
        add $0x200000, %eax
        inc %ecx
        cmp $512, %ecx
        jb 1b
        movl $PA(boot_pd) + PTE_TABLE, PA(boot_pdpt)
        movl $PA(boot_pd) + PTE_TABLE, PA(boot_pdpt) + PDPT_SLOT(KERNEL_BASE)
        movl $PA(boot_pdpt) + PTE_TABLE, PA(boot_pml4)
        movl $PA(boot_pdpt) + PTE_TABLE, PA(boot_pml4) + PML4_SLOT(PARAPET_DIRECT_MAP)
        movl $PA(boot_pdpt) + PTE_TABLE, PA(boot_pml4) + PML4_SLOT(KERNEL_BASE)

        mov %cr4, %eax
        or $CR4_PAE, %eax
        mov %eax, %cr4
        mov $PA(boot_pml4), %eax
        mov %eax, %cr3
        mov $MSR_EFER, %ecx
        rdmsr
        or $(EFER_LME | EFER_NXE), %eax
        wrmsr
        mov $BOOT_CR0, %eax
        mov %eax, %cr0
        lgdt PA(boot_gdt_pointer)
        ljmp $NATIVE_CS, $PA(start_64)

        cpu_check

        .code64
start_64:
        mov $1f, %rax
        jmp *%rax
1:      mov $NATIVE_SS, %eax
        mov %eax, %ss
        xor %eax, %eax
        mov %eax, %ds
        mov %eax, %es
        mov %eax, %fs
        mov %eax, %gs
        /* The stack in the image; _Noreturn void native_main(uint32_t) */
        mov $boot_stack_start + STACK_SIZE, %rsp
        xor %ebp, %ebp
        mov %ebx, %edi
        push %rbp                       /* ends a backtrace */
        jmp native_main

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
        .balign PAGE_SIZE
boot_pml4:
        .skip PAGE_SIZE
boot_pdpt:
        .skip PAGE_SIZE
boot_pd:
        .skip PAGE_SIZE

        .section .note.GNU-stack, "", @progbits

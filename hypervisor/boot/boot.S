/* SPDX-License-Identifier: MIT
 *
 * From the PVH entry (Xen's "x86/HVM direct boot ABI") to C: 32-bit protected
 * mode without paging, ebx holds the physical address of struct
 * hvm_start_info. Builds the first page tables (the first 4 GiB at 0, at
 * IMAGE_BASE and at DIRECT_BASE) and enters long mode at the image's virtual
 * address. The other CPUs join at ap_start32 from the real-mode trampoline.
 *
 * No absolute 32-bit relocation: addresses are offsets from hv_start, which
 * lies at HV_LOAD_PADDR.
 */
#include "hypervisor/x86/layout.h"

#define EFER 0xc0000080
#define EFER_BITS 0x901 /* SCE, LME, NXE */
#define PTE_TABLE 0x3
#define PTE_LARGE 0x83
#define SLOT(address) ((((address) >> 39) & 511) * 8)

        .section .note.Xen, "a", @note
        .balign 4
        .long 4, 8, 18                  /* XEN_ELFNOTE_PHYS32_ENTRY */
        .asciz "Xen"
        .quad hv_start - IMAGE_BASE

        .section .boot, "ax"
        .code32
        .globl hv_start
hv_start:
        cld
        mov $HV_LOAD_PADDR, %ebp
        lea boot_stack_top - hv_start(%ebp), %esp

        /* Four directories of two-MiB pages, reached from three slots. */
        lea boot_pd - hv_start(%ebp), %edi
        mov $PTE_LARGE, %eax
        xor %ecx, %ecx
1:      mov %eax, (%edi, %ecx, 8)
        add $0x200000, %eax
        inc %ecx
        cmp $4 * 512, %ecx
        jb 1b
        lea boot_pdpt - hv_start(%ebp), %esi
        lea PTE_TABLE(%edi), %eax
        xor %ecx, %ecx
1:      mov %eax, (%esi, %ecx, 8)
        add $4096, %eax
        inc %ecx
        cmp $4, %ecx
        jb 1b
        lea boot_pml4 - hv_start(%ebp), %edi
        lea PTE_TABLE(%esi), %eax
        mov %eax, (%edi)
        mov %eax, SLOT(IMAGE_BASE)(%edi)
        mov %eax, SLOT(DIRECT_BASE)(%edi)
        mov %ebx, %edi                  /* start info, for C */

/* Registers: ebp = HV_LOAD_PADDR, edi = argument for C. */
enter_long_mode:
        mov %cr4, %eax
        or $0x20, %eax                  /* PAE */
        mov %eax, %cr4
        lea boot_pml4 - hv_start(%ebp), %eax
        mov %eax, %cr3
        mov $EFER, %ecx
        rdmsr
        or $EFER_BITS, %eax
        wrmsr
        mov $0x80010033, %eax           /* PG, WP, NE, ET, MP, PE */
        mov %eax, %cr0
        lea boot_gdt - hv_start(%ebp), %eax
        push $0
        push %eax
        pushw $23
        lgdt (%esp)
        lea enter_64 - hv_start(%ebp), %eax
        push $HV_CS
        push %eax
        lret

        .globl ap_start32
ap_start32:
        mov $0x10, %eax                 /* flat data of the trampoline */
        mov %eax, %ds
        mov %eax, %es
        mov %eax, %ss
        mov $HV_LOAD_PADDR, %ebp
        lea boot_stack_top - hv_start(%ebp), %esp
        xor %edi, %edi
        jmp enter_long_mode

        .code64
enter_64:
        movabs $1f, %rax
        jmp *%rax
1:      xor %eax, %eax
        mov %eax, %ds
        mov %eax, %es
        mov %eax, %fs
        mov %eax, %gs
        mov $HV_SS, %eax
        mov %eax, %ss
        mov %edi, %edi
        /* ap_stack: of the CPU that is being started, 0 on the boot CPU. */
        mov ap_stack(%rip), %rax
        test %rax, %rax
        jnz 2f
        lea boot_stack_top(%rip), %rsp
        xor %ebp, %ebp
        call boot_main
        ud2
2:      mov %rax, %rsp
        xor %ebp, %ebp
        call smp_ap_main
        ud2

        .balign 8
boot_gdt:
        .quad 0
        .quad 0x00209b0000000000        /* HV_CS: 64-bit code */
        .quad 0x0000930000000000        /* HV_SS */

/*
 * Copied to TRAMPOLINE_PADDR: 16-bit code that a start-up IPI runs with cs =
 * TRAMPOLINE_PADDR >> 4. trampoline_target is filled in by smp.c with the
 * physical address of ap_start32.
 */
        .balign 16
        .globl trampoline, trampoline_end, trampoline_target
        .code16
trampoline:
        cli
        mov %cs, %ax
        mov %ax, %ds
        lgdtl trampoline_gdtr - trampoline
        mov %cr0, %eax
        or $1, %al
        mov %eax, %cr0
        ljmpl *trampoline_target - trampoline
        .balign 8
trampoline_gdt:
        .quad 0
        .quad 0x00cf9b000000ffff        /* 0x08: flat 32-bit code */
        .quad 0x00cf93000000ffff        /* 0x10: flat 32-bit data */
trampoline_gdtr:
        .word 23
        .long TRAMPOLINE_PADDR + trampoline_gdt - trampoline
trampoline_target:
        .long 0
        .word 0x08
trampoline_end:
        .code64

        .bss
        .balign 4096
        .globl boot_pml4
boot_pml4:
        .skip 4096
boot_pdpt:
        .skip 4096
boot_pd:
        .skip 4 * 4096
        .globl boot_stack, boot_stack_top
boot_stack:
        .skip 8192
boot_stack_top:
        .balign 8
        .globl ap_stack
ap_stack:
        .quad 0                         /* set for each other CPU in turn */
        .section .note.GNU-stack, "", @progbits

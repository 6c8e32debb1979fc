/* SPDX-License-Identifier: MIT
 *
 * From the PVH entry (Xen's "x86/HVM direct boot ABI") to C: 32-bit protected
 * mode without paging, ebx holds the physical address of struct
 * pvh_start_info. Builds the first page tables (the first 4 GiB at 0, at
 * IMAGE_BASE and at DIRECT_BASE) and enters long mode at the image's virtual
 * address. The other CPUs join at ap_start32 from the real-mode trampoline.
 *
 * No absolute 32-bit relocation: addresses are offsets from hv_start, which
 * lies at HV_LOAD_PADDR.
 *
 * An NMI may come at any time, and without a table for it the machine resets.
 * So the first thing loaded is a table with just that vector: early_idt.
 */
#include "hypervisor/x86/layout.h"
#include "lib/x86/control.h"
#include "lib/x86/descriptor.h"
#include "lib/x86/msr.h"
#include "lib/x86/pvh.h"

#define CPU_CHECK_SAYS "parapet: "
#include "lib/x86/cpu_check.inc"

#define BOOT_CR0 (CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE)
#define PTE_TABLE 0x3
#define PTE_LARGE 0x83
#define SLOT(address) ((((address) >> 39) & 511) * 8)
#define PA(symbol) (HV_LOAD_PADDR + (symbol) - hv_start)
/* Of boot_gdt, beside HV_CS and HV_SS. */
#define EARLY_CS 0x18
#define EARLY_DS 0x20

        .section .note.Xen, "a", @note
        .balign 4
        .long 4, 8, PVH_NOTE_ENTRY
        .asciz "Xen"
        .quad hv_start - IMAGE_BASE

        .section .boot, "ax"
        .code32
        .globl hv_start
hv_start:
        cld
        mov $HV_LOAD_PADDR, %ebp
        lea boot_stack_top - hv_start(%ebp), %esp
        lgdt boot_gdtr - hv_start(%ebp)
        ljmp $EARLY_CS, $PA(1f)
1:      mov $EARLY_DS, %eax
        mov %eax, %ss
        mov %eax, %ds
        mov %eax, %es
        lidt early_idtr - hv_start(%ebp)
early_start:
        call cpu_check

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
        or $CR4_PAE, %eax
        mov %eax, %cr4
        lea boot_pml4 - hv_start(%ebp), %eax
        mov %eax, %cr3
        mov $MSR_EFER, %ecx
        rdmsr
        or $(EFER_SCE | EFER_LME | EFER_NXE), %eax
        wrmsr
        mov $BOOT_CR0, %eax
        mov %eax, %cr0
        lea enter_64 - hv_start(%ebp), %eax
        push $HV_CS
        push %eax
        lret

ap_start32:
        mov $EARLY_DS, %eax
        mov %eax, %ds
        mov %eax, %es
        mov %eax, %ss
        mov $HV_LOAD_PADDR, %ebp
        lea boot_stack_top - hv_start(%ebp), %esp
        xor %edi, %edi
        jmp enter_long_mode

/*
 * The handlers of early_idt: an NMI has nothing to say yet. One that came
 * before the trampoline's last instruction has pushed a real-mode cs, to which
 * there is no way back any more: it goes on where that instruction leads.
 */
early_nmi_32:
        cmpw $EARLY_CS, 4(%esp)
        je 1f
        movl $PA(ap_start32), (%esp)
        movl $EARLY_CS, 4(%esp)
1:      iretl

        cpu_check

        .code64
early_nmi_64:
        iretq

enter_64:
        movabs $1f, %rax
        jmp *%rax
1:      lgdt high_gdtr(%rip)            /* where all page tables map them */
        lidt high_idtr(%rip)
        xor %eax, %eax
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
        .quad DESCRIPTOR_CODE           /* HV_CS */
        .quad DESCRIPTOR_DATA           /* HV_SS */
        .quad 0x00cf9b000000ffff        /* EARLY_CS: flat 32-bit code */
        .quad 0x00cf93000000ffff        /* EARLY_DS: flat 32-bit data */
boot_gdt_end:

/*
 * Vector 2 of three tables in one place, since their entries differ in size:
 * whatever mode the CPU is in, it finds its own (APM 2, 8.5, 4.8.4).
 */
        .balign 16
        .globl early_idt, early_idt_end
early_idt:
        .long 0, 0
        .word early_nmi_16 - trampoline, TRAMPOLINE_PADDR >> 4  /* real mode */
        .long 0
        .word early_nmi_32 - hv_start, EARLY_CS, 0x8e00, HV_LOAD_PADDR >> 16
        .quad 0
        .word early_nmi_64 - hv_start, HV_CS, 0x8e00, HV_LOAD_PADDR >> 16
        .quad 0
early_idt_end:
/* The same for 64-bit mode, with the handler's place in the image. */
high_idt:
        .skip 32
        .word early_nmi_64 - hv_start, HV_CS, 0x8e00, HV_LOAD_PADDR >> 16
        .long IMAGE_BASE >> 32, 0
high_idt_end:

boot_gdtr:
        .word boot_gdt_end - boot_gdt - 1
        .long PA(boot_gdt)
early_idtr:
        .word early_idt_end - early_idt - 1
        .long PA(early_idt)
high_gdtr:
        .word boot_gdt_end - boot_gdt - 1
        .quad boot_gdt
high_idtr:
        .word high_idt_end - high_idt - 1
        .quad high_idt

/*
 * Copied to TRAMPOLINE_PADDR: 16-bit code that a start-up IPI runs with cs =
 * TRAMPOLINE_PADDR >> 4. Its stack is the rest of that page, at an address
 * that is the same in protected mode. It begins with its interrupt table at 0,
 * where smp.c has put a copy of early_idt.
 */
        .balign 16
        .globl trampoline, trampoline_end
        .code16
trampoline:
        cli
        mov %cs, %ax
        mov %ax, %ds
        xor %ax, %ax
        mov %ax, %ss
        mov $TRAMPOLINE_PADDR + 0x1000, %sp
        lgdtl trampoline_gdtr - trampoline
        mov %cr0, %eax
        or $CR0_PE, %al
        mov %eax, %cr0
        ljmpl $EARLY_CS, $PA(ap_start32)
early_nmi_16:
        iretw
trampoline_gdtr:
        .word boot_gdt_end - boot_gdt - 1
        .long PA(boot_gdt)
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

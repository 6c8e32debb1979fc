/* SPDX-License-Identifier: MIT
 *
 * The image of both builds (the entry is named on the linker's command line).
 * It runs at KERNEL_BASE plus its physical address; mm/layout.h has the
 * picture. Run through the C preprocessor.
 */
#include "guest-kernel/mm/layout.h"

#define PLACE(name) name : AT(ADDR(name) - KERNEL_BASE)

OUTPUT_FORMAT("elf64-x86-64")
OUTPUT_ARCH(i386:x86-64)

PHDRS {
    text PT_LOAD FLAGS(5);
    rodata PT_LOAD FLAGS(4);
    data PT_LOAD FLAGS(6);
    boot_stack PT_LOAD FLAGS(6);
    note PT_NOTE FLAGS(4);
}

SECTIONS {
    . = KERNEL_BASE + KERNEL_LOAD_PADDR;
    kernel_text_start = .;
    PLACE(.text) {
        *(.hypercall_page)
        *(.text .text.*)
        . = ALIGN(PAGE_SIZE);
    } :text
    kernel_text_end = .;
    kernel_rodata_start = .;
    PLACE(.note) { KEEP(*(.note.pvh .note.parapet)) } :rodata :note
    PLACE(.rodata) {
        *(.rodata .rodata.*)
        . = ALIGN(PAGE_SIZE);
    } :rodata
    kernel_rodata_end = .;
    kernel_data_start = .;
    PLACE(.data) { *(.data .data.*) } :data
    PLACE(.bss) {
        *(.bss .bss.* COMMON)
        . = ALIGN(PAGE_SIZE);
    } :data
    kernel_data_end = .;
    . += PAGE_SIZE; /* the guard */
    boot_stack_start = .;
    .boot_stack (NOLOAD) : AT(ADDR(.boot_stack) - KERNEL_BASE) {
        . += STACK_SIZE;
    } :boot_stack
    kernel_end = .;

    /DISCARD/ : {
        *(.note.GNU-stack .comment .eh_frame .note.gnu.property)
    }
}

/* SPDX-License-Identifier: MIT
 *
 * The image of both builds (the entry is named on the linker's command line).
 * It runs at KERNEL_BASE plus its physical address; mm/layout.h has the
 * picture. Run through the C preprocessor.
 */
#include "guest-kernel/mm/layout.h"

#define PLACE(name) name : AT(ADDR(name) - KERNEL_BASE)
/* A stack with the guard page below it. */
#define STACK(n)                                                               \
    . += PAGE_SIZE;                                                            \
    .stack##n (NOLOAD) : AT(ADDR(.stack##n) - KERNEL_BASE) {                   \
        . += STACK_SIZE;                                                       \
    } :stack##n
#define STACK_HEADER(n) stack##n PT_LOAD FLAGS(6);

OUTPUT_FORMAT("elf64-x86-64")
OUTPUT_ARCH(i386:x86-64)

PHDRS {
    text PT_LOAD FLAGS(5);
    rodata PT_LOAD FLAGS(4);
    data PT_LOAD FLAGS(6);
    STACK_HEADER(0) STACK_HEADER(1) STACK_HEADER(2) STACK_HEADER(3)
    STACK_HEADER(4) STACK_HEADER(5) STACK_HEADER(6) STACK_HEADER(7)
    STACK_HEADER(8) STACK_HEADER(9) STACK_HEADER(10) STACK_HEADER(11)
    STACK_HEADER(12) STACK_HEADER(13) STACK_HEADER(14) STACK_HEADER(15)
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
    kernel_stacks_start = .;
    STACK(0) STACK(1) STACK(2) STACK(3) STACK(4) STACK(5) STACK(6) STACK(7)
    STACK(8) STACK(9) STACK(10) STACK(11) STACK(12) STACK(13) STACK(14)
    STACK(15)
    kernel_end = .;
    ASSERT(kernel_end - kernel_stacks_start ==
           NR_STACKS * (PAGE_SIZE + STACK_SIZE), "stacks differ from layout.h")

    /DISCARD/ : {
        *(.note.GNU-stack .comment .eh_frame .note.gnu.property)
    }
}

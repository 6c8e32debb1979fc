/* SPDX-License-Identifier: MIT
 *
 * A small valid kernel and a small valid bundle, for the unit tests to spoil
 * and for the fuzzer to start from. They are written with the C library's
 * elf.h and with libfdt, not with the hypervisor's own idea of the formats.
 */
#ifndef TESTS_FUZZ_SAMPLES_H
#define TESTS_FUZZ_SAMPLES_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#define SAMPLE_VADDR 0xffffffff80000000
#define SAMPLE_PADDR UINT64_C(0x100000)
#define SAMPLE_CODE_SIZE 0x1080 /* the hypercall page, then code */
#define SAMPLE_ENTRY (SAMPLE_VADDR + 0x1000)
#define SAMPLE_DATA_VADDR (SAMPLE_VADDR + 0x2010)
#define SAMPLE_DATA_PADDR (SAMPLE_PADDR + 0x2010)
#define SAMPLE_DATA_SIZE 0x20
#define SAMPLE_DATA_MEMSZ 0x1000

/* The program headers and sections, in this order. */
enum { SAMPLE_CODE, SAMPLE_DATA, SAMPLE_NOTE, SAMPLE_EMPTY, SAMPLE_NR_PHDRS };
enum {
    SAMPLE_SECTION_NULL,
    SAMPLE_SECTION_CODE,
    SAMPLE_SECTION_SYMBOLS,
    SAMPLE_SECTION_STRINGS,
    SAMPLE_NR_SECTIONS
};
enum {
    SAMPLE_SYMBOL_NULL,
    SAMPLE_SYMBOL_LABEL, /* NOTYPE "label" at SAMPLE_ENTRY */
    SAMPLE_SYMBOL_START, /* FUNC "start" at SAMPLE_ENTRY */
    SAMPLE_SYMBOL_INNER, /* NOTYPE "inner" at SAMPLE_ENTRY + 0x40 */
    SAMPLE_SYMBOL_TABLE, /* OBJECT "table" at SAMPLE_ENTRY + 0x60 */
    SAMPLE_NR_SYMBOLS
};

struct sample_kernel {
    Elf64_Ehdr header;
    Elf64_Phdr phdrs[SAMPLE_NR_PHDRS];
    struct sample_note {
        Elf64_Nhdr header;
        char name[8];
        uint32_t abi_version;
        uint32_t zero;
        uint64_t hypercall_page;
    } __attribute__((packed)) notes[2]; /* another's, then Parapet's */
    Elf64_Shdr sections[SAMPLE_NR_SECTIONS];
    Elf64_Sym symbols[SAMPLE_NR_SYMBOLS];
    char strings[32];
    uint8_t code[SAMPLE_CODE_SIZE];
    uint8_t data[SAMPLE_DATA_SIZE];
};

void sample_kernel_make(struct sample_kernel *kernel);

#define SAMPLE_BUNDLE_ROOM 16384
#define SAMPLE_NR_DOMAINS 2

/*
 * Writes a bundle around the size bytes at kernel and returns its length, at
 * most SAMPLE_BUNDLE_ROOM: buffer is that large and aligned to 8. Domain
 * "shell" has all properties, "small" only what it must have.
 */
size_t sample_bundle_make(void *buffer, const void *kernel, size_t size);

#endif

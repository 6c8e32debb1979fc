/* SPDX-License-Identifier: MIT
 *
 * The ELF64 file format, as far as kernels and static programs need it, and a
 * gate through which the bytes of a file can be read. Source: System V ABI,
 * chapters 4 and 5, and its AMD64 supplement.
 */
#ifndef LIB_ELF64_H
#define LIB_ELF64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/string.h"

#define ELF64_CLASS_64 2
#define ELF64_DATA_LITTLE_ENDIAN 1
#define ELF64_VERSION 1
#define ELF64_TYPE_EXEC 2
#define ELF64_TYPE_DYN 3 /* position-independent programs, too */
#define ELF64_MACHINE_X86_64 62

struct elf64_header {
    uint8_t magic[4];
    uint8_t class;
    uint8_t data;
    uint8_t ident_version;
    uint8_t padding[9];
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint64_t entry;
    uint64_t phoff;
    uint64_t shoff;
    uint32_t flags;
    uint16_t ehsize;
    uint16_t phentsize;
    uint16_t phnum;
    uint16_t shentsize;
    uint16_t shnum;
    uint16_t shstrndx;
};

#define ELF64_PT_LOAD 1
#define ELF64_PT_INTERP 3 /* the name of a dynamic loader */
#define ELF64_PT_NOTE 4

#define ELF64_PF_X 1u
#define ELF64_PF_W 2u
#define ELF64_PF_R 4u

struct elf64_phdr {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t vaddr;
    uint64_t paddr;
    uint64_t filesz;
    uint64_t memsz;
    uint64_t align;
};

#define ELF64_SHT_SYMTAB 2
#define ELF64_SHT_STRTAB 3

struct elf64_shdr {
    uint32_t name;
    uint32_t type;
    uint64_t flags;
    uint64_t vaddr;
    uint64_t offset;
    uint64_t size;
    uint32_t link;
    uint32_t info;
    uint64_t addralign;
    uint64_t entsize;
};

#define ELF64_STT_NOTYPE 0
#define ELF64_STT_FUNC 2

struct elf64_symbol {
    uint32_t name;
    uint8_t info; /* the type is in the low four bits */
    uint8_t other;
    uint16_t shndx;
    uint64_t value;
    uint64_t size;
};

/* Followed by the name and the descriptor, each padded to the alignment. */
struct elf64_note {
    uint32_t namesz;
    uint32_t descsz;
    uint32_t type;
};

_Static_assert(sizeof(struct elf64_header) == 64, "ELF64 file header");
_Static_assert(sizeof(struct elf64_phdr) == 56, "ELF64 program header");
_Static_assert(sizeof(struct elf64_shdr) == 64, "ELF64 section header");
_Static_assert(sizeof(struct elf64_symbol) == 24, "ELF64 symbol");
_Static_assert(sizeof(struct elf64_note) == 12, "ELF64 note");

/* The bytes of a file: untrusted, of any length and alignment. */
struct elf64_file {
    const uint8_t *bytes;
    size_t size;
};

static inline bool elf64_contains(const struct elf64_file *file,
                                  uint64_t offset, uint64_t length)
{
    return offset <= file->size && length <= file->size - offset;
}

/* Copies length bytes at offset; false, and nothing, if they are not there. */
static inline bool elf64_read(const struct elf64_file *file, uint64_t offset,
                              void *out, size_t length)
{
    if (!elf64_contains(file, offset, length))
        return false;
    memcpy(out, file->bytes + offset, length);
    return true;
}

#endif

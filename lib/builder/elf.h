/* SPDX-License-Identifier: MIT
 *
 * Reads a guest kernel: an ELF64 executable for x86-64 that nobody has
 * vouched for, at an address of any alignment. It owns what a Parapet kernel
 * image must look like; it must not know where the image came from or what
 * is done with it. No function allocates or locks, and only struct elf_symbols
 * keeps a pointer.
 *
 * Where a function takes why and why_size, it writes one line there, without
 * a line feed, when it returns -PARAPET_EINVAL: what was expected and what
 * was found. The line has printable characters only and may be cut off.
 */
#ifndef LIB_BUILDER_ELF_H
#define LIB_BUILDER_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/abi.h"

#define ELF_MAX_SEGMENTS 32
#define ELF_MAX_SYMBOLS 8192 /* so many are looked at for names */

/* The bits of elf_segment.flags. */
#define ELF_EXECUTE 1
#define ELF_WRITE 2
#define ELF_READ 4

/*
 * A PT_LOAD that is not empty. Copy filesz bytes from offset in the image to
 * guest physical paddr, zero the rest up to memsz, map it at vaddr.
 */
struct elf_segment {
    uint64_t offset;
    uint64_t filesz; /* offset + filesz is inside the image */
    uint64_t memsz;  /* at least 1 and at least filesz */
    uint64_t vaddr;  /* vaddr..vaddr + memsz is in the allowed range */
    uint64_t paddr;  /* congruent to vaddr in a page; the end does not wrap */
    uint32_t flags;  /* ELF_READ, ELF_WRITE, ELF_EXECUTE; never W with X */
};

struct elf_image {
    uint64_t entry;          /* inside an executable segment */
    uint64_t hypercall_page; /* page-aligned, in file-backed executable bytes */
    uint32_t abi_version;    /* as the kernel says: see elf_check_version() */
    unsigned int nr_segments;
    struct elf_segment segments[ELF_MAX_SEGMENTS];
};

/*
 * Reads the headers, segments and note of the size bytes at image. Returns 0
 * with all of *out true as its comments promise, or -PARAPET_EINVAL with *out
 * undefined. Segments share no page of vaddr and overlap nowhere in paddr.
 */
int elf_parse(const void *image, size_t size, struct elf_image *out, char *why,
              size_t why_size);

/* Whether this hypervisor speaks the ABI that the kernel wants. */
int elf_check_version(const struct elf_image *image, char *why,
                      size_t why_size);

/* Whether all segments lie inside memory_bytes of guest memory. */
int elf_check_memory(const struct elf_image *image, uint64_t memory_bytes,
                     char *why, size_t why_size);

/*
 * All three: a kernel that is built for Parapet, for a version of the ABI that
 * is spoken here, and for so much memory.
 */
int elf_kernel_read(const void *image, size_t size, uint64_t memory_bytes,
                    struct elf_image *kernel, char *why, size_t why_size);

/* A place in the code that has a name. */
struct elf_symbol {
    uint64_t start;
    uint64_t size; /* from there to the end of its section; not 0 */
    uint32_t name; /* where its name begins in the string table */
    uint32_t rank; /* of those at one place the least counts */
};

/* The named places of an image, in ascending order, no two the same. */
struct elf_symbols {
    const struct elf_symbol *sorted;
    size_t nr;
    const char *names; /* the string table, in the image */
    size_t names_size; /* greater than each elf_symbol.name */
};

/*
 * For how many symbols elf_symbols_read() needs room: at most
 * ELF_MAX_SYMBOLS; 0 when there is no symbol table, or a damaged one.
 */
size_t elf_symbols_room(const void *image, size_t size);

/*
 * Sorts the functions and labels among the first ELF_MAX_SYMBOLS symbols, so
 * that a report need not search: some n log n steps, whatever the table holds.
 * sorted has the room; it and the image stay as long as *out is used. What
 * names no place of its section is left out; of two at one place a function
 * stays before a label, and the first before a later one. The image needs no
 * earlier elf_parse().
 */
void elf_symbols_read(const void *image, size_t size, struct elf_symbol *sorted,
                      struct elf_symbols *out);

/*
 * Finds the function or label nearest at or below vaddr, if its section holds
 * vaddr; false when there is none. The name is cut to name_size with its NUL;
 * what is not printable in it becomes '?'. By bisection: a report takes a
 * bounded time.
 */
bool elf_symbols_find(const struct elf_symbols *symbols, uint64_t vaddr,
                      char *name, size_t name_size, uint64_t *offset);

#endif

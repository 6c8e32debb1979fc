/* SPDX-License-Identifier: MIT
 *
 * Reads a static ELF64 program for x86-64 (System V gABI, chapters 4 and 5).
 * The file is not trusted: nothing outside its bytes is looked at, and what is
 * accepted can be mapped as it stands. Pure code that runs on the host too.
 */
#ifndef GUEST_KERNEL_PROC_ELF_H
#define GUEST_KERNEL_PROC_ELF_H

#include <stddef.h>
#include <stdint.h>

#define ELF_MAX_SEGMENTS 16

/* What to map: whole pages, which no two segments share. */
struct elf_segment {
    uint64_t start;
    uint64_t size;
    unsigned int prot;    /* SPACE_READ and so on (mm/space.h) */
    const uint8_t *image; /* the first bytes; the rest is zero */
    size_t image_size;
};

struct elf_program {
    uint64_t entry;
    uint64_t end;           /* of the last segment */
    uint64_t headers_vaddr; /* of the program headers; 0: not mapped */
    uint16_t header_size;
    uint16_t nr_headers;
    unsigned int nr_segments;
    struct elf_segment segments[ELF_MAX_SEGMENTS]; /* in ascending order */
};

/* NULL, or in words what is wrong. image pointers lead into file. */
const char *elf_read(const void *file, size_t size,
                     struct elf_program *program);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Reads the headers of a static ELF64 program for x86-64 (System V gABI,
 * chapters 4 and 5): at fixed addresses, or position-independent, which then
 * goes to ELF_BASE. The file is not trusted: nothing outside its bytes is
 * looked at, and what is accepted can be mapped as it stands. Pure code that
 * runs on the host too.
 */
#ifndef GUEST_KERNEL_PROC_ELF_H
#define GUEST_KERNEL_PROC_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_MAX_SEGMENTS 16
/* As many bytes of the file as may be looked at: its headers are there. */
#define ELF_HEAD_SIZE 4096u
/* Where Linux puts such programs when it does not choose at random. */
#define ELF_BASE 0x555555554000ul

/* What to map: whole pages, which no two segments share. */
struct elf_segment {
    uint64_t start;
    uint64_t size;
    unsigned int prot;    /* SPACE_READ and so on (mm/space.h) */
    uint64_t file_offset; /* of the first page */
    uint64_t file_size;   /* what comes from the file; the rest is zero */
};

struct elf_program {
    uint64_t entry;
    uint64_t end;           /* of the last segment */
    uint64_t headers_vaddr; /* of the program headers; 0: not mapped */
    uint16_t header_size;
    uint16_t nr_headers;
    bool needs_loader; /* it is dynamic: refused */
    unsigned int nr_segments;
    struct elf_segment segments[ELF_MAX_SEGMENTS]; /* in ascending order */
};

/* head: the first bytes of the file, all or ELF_HEAD_SIZE of them. NULL, or in
 * words what is wrong. */
const char *elf_read(const void *head, size_t head_size, uint64_t file_size,
                     struct elf_program *program);

#endif

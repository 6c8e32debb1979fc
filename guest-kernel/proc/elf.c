/* SPDX-License-Identifier: MIT
 *
 * The ELF reader. Numbers of the file are compared as subtractions of what has
 * been checked, so that no sum can overflow.
 */
#include "guest-kernel/proc/elf.h"

#include <stdbool.h>

#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/space.h"
#include "lib/macros.h"
#include "lib/string.h"

#define TYPE_EXECUTABLE 2
#define TYPE_SHARED 3 /* position-independent programs, too */
#define MACHINE_X86_64 62
#define SEGMENT_LOAD 1
#define SEGMENT_INTERPRETER 3
#define FLAG_EXECUTE 1u
#define FLAG_WRITE 2u
#define FLAG_READ 4u

/* Class 64, little endian, version 1. */
static const uint8_t magic[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};

struct elf_header {
    uint8_t ident[16];
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint64_t entry;
    uint64_t headers_offset;
    uint64_t sections_offset;
    uint32_t flags;
    uint16_t size;
    uint16_t header_size;
    uint16_t nr_headers;
    uint16_t section_size;
    uint16_t nr_sections;
    uint16_t names;
};

struct segment_header {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t vaddr;
    uint64_t paddr;
    uint64_t file_size;
    uint64_t memory_size;
    uint64_t alignment;
};

static unsigned int prot_of(uint32_t flags)
{
    return (flags & FLAG_READ ? SPACE_READ : 0) |
           (flags & FLAG_WRITE ? SPACE_WRITE : 0) |
           (flags & FLAG_EXECUTE ? SPACE_EXEC : 0);
}

/* What a file of this size holds, mapped `base` above what it says. */
struct elf_file {
    struct elf_header elf;
    uint64_t size;
    uint64_t base;
};

static const char *check_segment(const struct segment_header *header,
                                 const struct elf_file *file,
                                 const struct elf_program *program)
{
    uint64_t first_free = MAX(program->end, (uint64_t)SPACE_USER_START);
    uint64_t end = SPACE_USER_END - file->base;

    if (header->file_size > header->memory_size)
        return "a segment is larger in the file than in memory";
    if (header->offset > file->size ||
        header->file_size > file->size - header->offset)
        return "a segment goes past the end of the file";
    if ((header->vaddr ^ header->offset) % PAGE_SIZE != 0)
        return "a segment is at another place in its page than in the file";
    if (header->vaddr >= end || header->memory_size > end - header->vaddr)
        return "a segment is not in user memory";
    if (ALIGN_DOWN(file->base + header->vaddr, PAGE_SIZE) < first_free)
        return "segments overlap, or are not in order";
    return NULL;
}

/* The bytes before the segment in its first page are the file's, too. */
static void add_segment(const struct segment_header *header,
                        const struct elf_file *file,
                        struct elf_program *program)
{
    struct elf_segment *segment = &program->segments[program->nr_segments++];
    uint64_t before = header->vaddr % PAGE_SIZE;

    segment->start = file->base + header->vaddr - before;
    segment->size = ALIGN_UP(before + header->memory_size, PAGE_SIZE);
    segment->prot = prot_of(header->flags);
    segment->file_offset = header->offset - before;
    segment->file_size = header->file_size > 0 ? before + header->file_size : 0;
    if (header->file_size == header->memory_size)
        segment->file_size = segment->size;
    program->end = segment->start + segment->size;
}

/* Whether the program headers are in the file's bytes of this segment. */
static void find_headers(const struct segment_header *header,
                         const struct elf_file *file,
                         struct elf_program *program)
{
    const struct elf_header *elf = &file->elf;
    size_t size = (size_t)elf->nr_headers * elf->header_size;

    if (elf->headers_offset >= header->offset &&
        elf->headers_offset - header->offset <= header->file_size &&
        size <= header->file_size - (elf->headers_offset - header->offset))
        program->headers_vaddr =
            file->base + header->vaddr + (elf->headers_offset - header->offset);
}

static const char *check_header(const struct elf_header *elf, size_t head_size)
{
    if (memcmp(elf->ident, magic, sizeof(magic)) != 0)
        return "not an ELF file of 64 bits";
    if (elf->machine != MACHINE_X86_64)
        return "not for x86-64";
    if (elf->type != TYPE_EXECUTABLE && elf->type != TYPE_SHARED)
        return "not a program";
    if (elf->header_size != sizeof(struct segment_header))
        return "program headers of an unknown size";
    if (elf->headers_offset > head_size ||
        (size_t)elf->nr_headers * elf->header_size >
            head_size - elf->headers_offset)
        return "the program headers go past the first page, or the file's end";
    return NULL;
}

static bool is_executable(const struct elf_program *program, uint64_t vaddr)
{
    const struct elf_segment *segment;

    for (segment = program->segments;
         segment < program->segments + program->nr_segments; segment++)
        if (vaddr >= segment->start && vaddr - segment->start < segment->size)
            return (segment->prot & SPACE_EXEC) != 0;
    return false;
}

static const char *read_segment(const struct segment_header *header,
                                const struct elf_file *file,
                                struct elf_program *program)
{
    const char *error;

    program->needs_loader |= header->type == SEGMENT_INTERPRETER;
    if (program->needs_loader)
        return "it needs a dynamic loader, only static programs run here";
    if (header->type != SEGMENT_LOAD || header->memory_size == 0)
        return NULL;
    if (program->nr_segments == ELF_MAX_SEGMENTS)
        return "too many segments";
    error = check_segment(header, file, program);
    if (error != NULL)
        return error;
    add_segment(header, file, program);
    find_headers(header, file, program);
    return NULL;
}

/* Headers are copied: they need not be aligned. */
const char *elf_read(const void *head, size_t head_size, uint64_t file_size,
                     struct elf_program *program)
{
    const uint8_t *bytes = head;
    struct elf_file file = {.size = file_size};
    struct segment_header header;
    const char *error;
    unsigned int i;

    memset(program, 0, sizeof(*program));
    if (head_size < sizeof(file.elf))
        return "too short for an ELF file";
    memcpy(&file.elf, bytes, sizeof(file.elf));
    error = check_header(&file.elf, head_size);
    file.base = file.elf.type == TYPE_SHARED ? ELF_BASE : 0;
    for (i = 0; error == NULL && i < file.elf.nr_headers; i++) {
        memcpy(&header, bytes + file.elf.headers_offset + i * sizeof(header),
               sizeof(header));
        error = read_segment(&header, &file, program);
    }
    if (error != NULL)
        return error;
    program->entry = file.base + file.elf.entry;
    program->header_size = file.elf.header_size;
    program->nr_headers = file.elf.nr_headers;
    return is_executable(program, program->entry)
               ? NULL
               : "its entry is not executable";
}

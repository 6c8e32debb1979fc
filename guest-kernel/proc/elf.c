/* SPDX-License-Identifier: MIT
 *
 * The ELF reader. Numbers of the file are compared as subtractions of what has
 * been checked, so that no sum can overflow.
 */
#include "guest-kernel/proc/elf.h"

#include <stdbool.h>

#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/space.h"
#include "lib/elf64.h"
#include "lib/macros.h"
#include "lib/string.h"

static unsigned int prot_of(uint32_t flags)
{
    return (flags & ELF64_PF_R ? SPACE_READ : 0) |
           (flags & ELF64_PF_W ? SPACE_WRITE : 0) |
           (flags & ELF64_PF_X ? SPACE_EXEC : 0);
}

/* What a file of this size holds, mapped `base` above what it says. */
struct elf_file {
    struct elf64_header elf;
    uint64_t size;
    uint64_t base;
};

static const char *check_segment(const struct elf64_phdr *header,
                                 const struct elf_file *file,
                                 const struct elf_program *program)
{
    uint64_t first_free = MAX(program->end, (uint64_t)SPACE_USER_START);
    uint64_t end = SPACE_USER_END - file->base;

    if (header->filesz > header->memsz)
        return "a segment is larger in the file than in memory";
    if (header->offset > file->size ||
        header->filesz > file->size - header->offset)
        return "a segment goes past the end of the file";
    if ((header->vaddr ^ header->offset) % PAGE_SIZE != 0)
        return "a segment is at another place in its page than in the file";
    if (header->vaddr >= end || header->memsz > end - header->vaddr)
        return "a segment is not in user memory";
    if (ALIGN_DOWN(file->base + header->vaddr, PAGE_SIZE) < first_free)
        return "segments overlap, or are not in order";
    return NULL;
}

/* The bytes before the segment in its first page are the file's, too. */
static void add_segment(const struct elf64_phdr *header,
                        const struct elf_file *file,
                        struct elf_program *program)
{
    struct elf_segment *segment = &program->segments[program->nr_segments++];
    uint64_t before = header->vaddr % PAGE_SIZE;

    segment->start = file->base + header->vaddr - before;
    segment->size = ALIGN_UP(before + header->memsz, PAGE_SIZE);
    segment->prot = prot_of(header->flags);
    segment->file_offset = header->offset - before;
    segment->file_size = header->filesz > 0 ? before + header->filesz : 0;
    if (header->filesz == header->memsz)
        segment->file_size = segment->size;
    program->end = segment->start + segment->size;
}

/* Whether the program headers are in the file's bytes of this segment. */
static void find_headers(const struct elf64_phdr *header,
                         const struct elf_file *file,
                         struct elf_program *program)
{
    const struct elf64_header *elf = &file->elf;
    size_t size = (size_t)elf->phnum * elf->phentsize;

    if (elf->phoff >= header->offset &&
        elf->phoff - header->offset <= header->filesz &&
        size <= header->filesz - (elf->phoff - header->offset))
        program->headers_vaddr =
            file->base + header->vaddr + (elf->phoff - header->offset);
}

static bool is_elf64(const struct elf64_header *elf)
{
    static const uint8_t magic[] = {0x7f, 'E', 'L', 'F'};

    return memcmp(elf->magic, magic, sizeof(magic)) == 0 &&
           elf->class == ELF64_CLASS_64 &&
           elf->data == ELF64_DATA_LITTLE_ENDIAN &&
           elf->ident_version == ELF64_VERSION;
}

static const char *check_header(const struct elf64_header *elf,
                                size_t head_size)
{
    if (!is_elf64(elf))
        return "not an ELF file of 64 bits";
    if (elf->machine != ELF64_MACHINE_X86_64)
        return "not for x86-64";
    if (elf->type != ELF64_TYPE_EXEC && elf->type != ELF64_TYPE_DYN)
        return "not a program";
    if (elf->phentsize != sizeof(struct elf64_phdr))
        return "program headers of an unknown size";
    if (elf->phoff > head_size ||
        (size_t)elf->phnum * elf->phentsize > head_size - elf->phoff)
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

static const char *read_segment(const struct elf64_phdr *header,
                                const struct elf_file *file,
                                struct elf_program *program)
{
    const char *error;

    program->needs_loader |= header->type == ELF64_PT_INTERP;
    if (program->needs_loader)
        return "it needs a dynamic loader, only static programs run here";
    if (header->type != ELF64_PT_LOAD || header->memsz == 0)
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
    struct elf64_phdr header;
    const char *error;
    unsigned int i;

    memset(program, 0, sizeof(*program));
    if (head_size < sizeof(file.elf))
        return "too short for an ELF file";
    memcpy(&file.elf, bytes, sizeof(file.elf));
    error = check_header(&file.elf, head_size);
    file.base = file.elf.type == ELF64_TYPE_DYN ? ELF_BASE : 0;
    for (i = 0; error == NULL && i < file.elf.phnum; i++) {
        memcpy(&header, bytes + file.elf.phoff + i * sizeof(header),
               sizeof(header));
        error = read_segment(&header, &file, program);
    }
    if (error != NULL)
        return error;
    program->entry = file.base + file.elf.entry;
    program->header_size = file.elf.phentsize;
    program->nr_headers = file.elf.phnum;
    return is_executable(program, program->entry)
               ? NULL
               : "its entry is not executable";
}

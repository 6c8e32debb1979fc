/* SPDX-License-Identifier: MIT
 *
 * What a Parapet kernel image must look like. Every byte goes through
 * elf64_read(), every number is checked before it is used in a sum, and
 * every loop has a constant bound.
 */
#include "lib/builder/elf.h"

#include "abi/errors.h"
#include "abi/note.h"
#include "lib/builder/refuse.h"
#include "lib/elf64.h"
#include "lib/macros.h"
#include "lib/string.h"

#define PAGE_SIZE 0x1000
#define PAGE_OFFSET(address) ((address) & (PAGE_SIZE - 1))

/* More than any linker makes; they bound the time that an image can cost. */
#define MAX_PROGRAM_HEADERS 64
#define MAX_NOTES_SIZE 0x10000

struct parser {
    struct elf64_file file;
    struct elf_image *out;
    bool has_note;
    char *why;
    size_t why_size;
};

/* The descriptor of the note, as abi/note.h has it. */
struct parapet_note {
    uint32_t abi_version;
    uint32_t zero;
    uint64_t hypercall_page;
};

#define REFUSE(parser, ...)                                                    \
    refuse((parser)->why, (parser)->why_size, __VA_ARGS__)

static int check_kind(const struct parser *parser,
                      const struct elf64_header *header)
{
    const struct {
        const char *field;
        const char *meaning;
        uint32_t expected;
        uint32_t got;
    } checks[] = {
        {"class", "64 bits", ELF64_CLASS_64, header->class},
        {"data", "little-endian", ELF64_DATA_LITTLE_ENDIAN, header->data},
        {"version", "current", ELF64_VERSION, header->ident_version},
        {"type", "fixed-address executable", ELF64_TYPE_EXEC, header->type},
        {"machine", "x86-64", ELF64_MACHINE_X86_64, header->machine},
        {"phentsize", "ELF64 program headers", sizeof(struct elf64_phdr),
         header->phentsize},
    };

    for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
        if (checks[i].got != checks[i].expected)
            return REFUSE(parser, "ELF header: %s: expected %u (%s), got %u",
                          checks[i].field, checks[i].expected,
                          checks[i].meaning, checks[i].got);
    }
    return 0;
}

static int read_header(const struct parser *parser, struct elf64_header *header)
{
    static const uint8_t magic[4] = {0x7f, 'E', 'L', 'F'};
    int error;

    if (!elf64_read(&parser->file, 0, header, sizeof(*header)))
        return REFUSE(parser,
                      "not an ELF file: expected at least %zu bytes, got %zu",
                      sizeof(*header), parser->file.size);
    if (memcmp(header->magic, magic, sizeof(magic)) != 0)
        return REFUSE(parser,
                      "not an ELF file: expected magic 7f454c46, "
                      "got %02x%02x%02x%02x",
                      header->magic[0], header->magic[1], header->magic[2],
                      header->magic[3]);
    error = check_kind(parser, header);
    if (error)
        return error;
    if (header->phnum > MAX_PROGRAM_HEADERS)
        return REFUSE(parser, "expected at most %u program headers, got %u",
                      MAX_PROGRAM_HEADERS, header->phnum);
    return 0;
}

static int check_segment_ranges(const struct parser *parser, unsigned int index,
                                const struct elf_segment *segment)
{
    if (!elf64_contains(&parser->file, segment->offset, segment->filesz))
        return REFUSE(parser,
                      "segment %u: expected it inside the image of %zu bytes, "
                      "got 0x%lx bytes at 0x%lx",
                      index, parser->file.size, segment->filesz,
                      segment->offset);
    if (segment->filesz > segment->memsz)
        return REFUSE(parser,
                      "segment %u: expected at most its memsz of 0x%lx bytes "
                      "in the file, got 0x%lx",
                      index, segment->memsz, segment->filesz);
    if (segment->vaddr < PARAPET_KERNEL_START ||
        segment->vaddr > PARAPET_KERNEL_END ||
        segment->memsz > PARAPET_KERNEL_END - segment->vaddr)
        return REFUSE(parser,
                      "segment %u: expected it within vaddr 0x%lx..0x%lx, "
                      "got 0x%lx bytes at 0x%lx",
                      index, PARAPET_KERNEL_START, PARAPET_KERNEL_END,
                      segment->memsz, segment->vaddr);
    if (segment->paddr > UINT64_MAX - segment->memsz)
        return REFUSE(parser,
                      "segment %u: expected a paddr range without wrap, "
                      "got 0x%lx bytes at 0x%lx",
                      index, segment->memsz, segment->paddr);
    return 0;
}

static int check_segment(const struct parser *parser, unsigned int index,
                         const struct elf_segment *segment)
{
    int error = check_segment_ranges(parser, index, segment);

    if (error)
        return error;
    if (PAGE_OFFSET(segment->vaddr) != PAGE_OFFSET(segment->paddr))
        return REFUSE(parser,
                      "segment %u: expected vaddr and paddr at the same place "
                      "in a page, got 0x%lx and 0x%lx",
                      index, segment->vaddr, segment->paddr);
    if ((segment->flags & ELF_WRITE) && (segment->flags & ELF_EXECUTE))
        return REFUSE(parser,
                      "segment %u: expected writable or executable, got both",
                      index);
    return 0;
}

static bool share_vaddr_page(const struct elf_segment *a,
                             const struct elf_segment *b)
{
    return a->vaddr / PAGE_SIZE <= (b->vaddr + b->memsz - 1) / PAGE_SIZE &&
           b->vaddr / PAGE_SIZE <= (a->vaddr + a->memsz - 1) / PAGE_SIZE;
}

static bool share_paddr(const struct elf_segment *a,
                        const struct elf_segment *b)
{
    return a->paddr < b->paddr + b->memsz && b->paddr < a->paddr + a->memsz;
}

static int check_apart(const struct parser *parser, unsigned int index,
                       const struct elf_segment *segment)
{
    for (unsigned int i = 0; i < parser->out->nr_segments; i++) {
        const struct elf_segment *other = &parser->out->segments[i];

        if (share_vaddr_page(segment, other))
            return REFUSE(parser,
                          "segment %u: expected pages of its own, got vaddr "
                          "0x%lx and 0x%lx with a page in common",
                          index, other->vaddr, segment->vaddr);
        if (share_paddr(segment, other))
            return REFUSE(parser,
                          "segment %u: expected memory of its own, got paddr "
                          "0x%lx and 0x%lx that overlap",
                          index, other->paddr, segment->paddr);
    }
    return 0;
}

static int add_segment(struct parser *parser, unsigned int index,
                       const struct elf64_phdr *phdr)
{
    struct elf_image *out = parser->out;
    const struct elf_segment segment = {
        .offset = phdr->offset,
        .filesz = phdr->filesz,
        .memsz = phdr->memsz,
        .vaddr = phdr->vaddr,
        .paddr = phdr->paddr,
        .flags = phdr->flags & (ELF_READ | ELF_WRITE | ELF_EXECUTE),
    };
    int error;

    /* Linkers make empty segments of empty sections: they mean nothing. */
    if (segment.memsz == 0 && segment.filesz == 0)
        return 0;
    error = check_segment(parser, index, &segment);
    if (!error)
        error = check_apart(parser, index, &segment);
    if (error)
        return error;
    if (out->nr_segments == ELF_MAX_SEGMENTS)
        return REFUSE(parser, "expected at most %u PT_LOAD segments, got more",
                      ELF_MAX_SEGMENTS);
    out->segments[out->nr_segments++] = segment;
    return 0;
}

static int take_parapet_note(struct parser *parser, uint64_t offset,
                             uint32_t size)
{
    struct parapet_note note;

    if (parser->has_note)
        return REFUSE(parser,
                      "expected one " PARAPET_NOTE_NAME " note, got a second");
    if (size < sizeof(note) ||
        !elf64_read(&parser->file, offset, &note, sizeof(note)))
        return REFUSE(parser,
                      PARAPET_NOTE_NAME " note: expected %zu bytes, got %u",
                      sizeof(note), size);
    if (note.zero != 0)
        return REFUSE(parser,
                      PARAPET_NOTE_NAME
                      " note: expected zero in its second word, got 0x%x",
                      note.zero);
    parser->has_note = true;
    parser->out->abi_version = note.abi_version;
    parser->out->hypercall_page = note.hypercall_page;
    return 0;
}

static bool is_parapet_note(const struct parser *parser,
                            const struct elf64_note *note, uint64_t name_offset)
{
    char name[sizeof(PARAPET_NOTE_NAME)];

    return note->type == PARAPET_NOTE_ABI && note->namesz == sizeof(name) &&
           elf64_read(&parser->file, name_offset, name, sizeof(name)) &&
           memcmp(name, PARAPET_NOTE_NAME, sizeof(name)) == 0;
}

/*
 * Where the descriptor after a name that ends at name_end begins. What is
 * linked beside .note.gnu.property is in a segment that is aligned to 8, but
 * abi/note.h has assembled Parapet's note for 4, and no linker moves a
 * descriptor. The two are told apart: padding is zero, and a version is not.
 */
static uint64_t find_descriptor(const struct parser *parser, uint64_t segment,
                                uint64_t name_end, uint64_t align)
{
    uint64_t packed = ALIGN_UP(name_end, 4);
    uint32_t word;

    if (elf64_read(&parser->file, segment + packed, &word, sizeof(word)) &&
        word != 0)
        return packed;
    return ALIGN_UP(name_end, align);
}

/* Whether a note begins here, and not padding: every note has a name. */
static bool is_note(const struct parser *parser, uint64_t offset)
{
    uint32_t namesz;

    return elf64_read(&parser->file, offset, &namesz, sizeof(namesz)) &&
           namesz != 0;
}

/*
 * In a segment that is aligned to 8, a note that was assembled for 4 may begin
 * in the middle of 8 bytes. One that does begin there was assembled for 4.
 *
 *  at          name_at  (padding)  desc_at     (padding)  next
 *  | header, 12 | name            | descriptor            |
 */
static int read_notes(struct parser *parser, unsigned int index,
                      const struct elf64_phdr *phdr)
{
    const uint64_t align = phdr->align == 8 ? 8 : 4;
    struct elf64_note note;
    uint64_t at = 0;

    if (phdr->filesz > MAX_NOTES_SIZE ||
        !elf64_contains(&parser->file, phdr->offset, phdr->filesz))
        return REFUSE(parser,
                      "segment %u: expected at most 0x%x bytes of notes inside "
                      "the image of %zu bytes, got 0x%lx bytes at 0x%lx",
                      index, MAX_NOTES_SIZE, parser->file.size, phdr->filesz,
                      phdr->offset);
    while (at + sizeof(note) <= phdr->filesz &&
           elf64_read(&parser->file, phdr->offset + at, &note, sizeof(note))) {
        uint64_t name_at = at + sizeof(note);
        uint64_t name_end = name_at + note.namesz;
        uint64_t desc_at = ALIGN_UP(name_end, at % align == 0 ? align : 4);
        bool ours = is_parapet_note(parser, &note, phdr->offset + name_at);
        uint64_t end;
        int error = 0;

        if (ours)
            desc_at = find_descriptor(parser, phdr->offset, name_end, align);
        end = desc_at + note.descsz;
        if (end > phdr->filesz)
            return REFUSE(parser,
                          "segment %u: expected its notes, aligned to %lu, to "
                          "end by 0x%lx, got one that ends at 0x%lx",
                          index, align, phdr->filesz, end);
        if (ours)
            error =
                take_parapet_note(parser, phdr->offset + desc_at, note.descsz);
        if (error)
            return error;
        at = ALIGN_UP(end, 4);
        if (at % align != 0 && !is_note(parser, phdr->offset + at))
            at += 4;
    }
    return 0;
}

static int read_program_headers(struct parser *parser,
                                const struct elf64_header *header)
{
    for (unsigned int i = 0; i < header->phnum; i++) {
        struct elf64_phdr phdr;
        uint64_t offset = header->phoff + i * sizeof(phdr);
        int error = 0;

        /* The sum cannot wrap: a phoff that large fails with the first. */
        if (!elf64_read(&parser->file, offset, &phdr, sizeof(phdr)))
            return REFUSE(parser,
                          "program header %u: expected it inside the image of "
                          "%zu bytes, got offset 0x%lx",
                          i, parser->file.size, offset);
        if (phdr.type == ELF64_PT_LOAD)
            error = add_segment(parser, i, &phdr);
        else if (phdr.type == ELF64_PT_NOTE)
            error = read_notes(parser, i, &phdr);
        if (error)
            return error;
    }
    return 0;
}

/* The executable segment that holds vaddr, or NULL. */
static const struct elf_segment *find_code(const struct elf_image *image,
                                           uint64_t vaddr)
{
    for (unsigned int i = 0; i < image->nr_segments; i++) {
        const struct elf_segment *segment = &image->segments[i];

        if ((segment->flags & ELF_EXECUTE) && vaddr >= segment->vaddr &&
            vaddr - segment->vaddr < segment->memsz)
            return segment;
    }
    return NULL;
}

static int check_hypercall_page(const struct parser *parser)
{
    uint64_t page = parser->out->hypercall_page;
    const struct elf_segment *segment = find_code(parser->out, page);

    if (PAGE_OFFSET(page) != 0)
        return REFUSE(parser,
                      "hypercall page: expected a page-aligned vaddr, "
                      "got 0x%lx",
                      page);
    if (!segment || page - segment->vaddr > segment->filesz ||
        segment->filesz - (page - segment->vaddr) < PARAPET_HYPERCALL_PAGE_SIZE)
        return REFUSE(parser,
                      "hypercall page: expected all of it in the file's part "
                      "of an executable segment, got vaddr 0x%lx",
                      page);
    return 0;
}

int elf_parse(const void *image, size_t size, struct elf_image *out, char *why,
              size_t why_size)
{
    struct parser parser = {
        .file = {.bytes = image, .size = size},
        .out = out,
        .why = why,
        .why_size = why_size,
    };
    struct elf64_header header;
    int error;

    memset(out, 0, sizeof(*out));
    error = read_header(&parser, &header);
    if (!error)
        error = read_program_headers(&parser, &header);
    if (error)
        return error;
    if (!parser.has_note)
        return REFUSE(&parser, "expected a " PARAPET_NOTE_NAME
                               " note, got none: not a Parapet kernel");
    out->entry = header.entry;
    if (!find_code(out, out->entry))
        return REFUSE(&parser,
                      "entry: expected inside an executable segment, "
                      "got vaddr 0x%lx",
                      out->entry);
    return check_hypercall_page(&parser);
}

int elf_check_version(const struct elf_image *image, char *why, size_t why_size)
{
    uint32_t major = image->abi_version >> 16;
    uint32_t minor = image->abi_version & 0xffff;

    if (major == PARAPET_ABI_MAJOR && minor <= PARAPET_ABI_MINOR)
        return 0;
    return refuse(why, why_size,
                  "kernel wants ABI %u.%u, this hypervisor has %u.%u", major,
                  minor, PARAPET_ABI_MAJOR, PARAPET_ABI_MINOR);
}

int elf_check_memory(const struct elf_image *image, uint64_t memory_bytes,
                     char *why, size_t why_size)
{
    for (unsigned int i = 0; i < image->nr_segments; i++) {
        const struct elf_segment *segment = &image->segments[i];
        uint64_t end = segment->paddr + segment->memsz;

        if (end > memory_bytes)
            return refuse(why, why_size,
                          "kernel needs memory up to paddr 0x%lx, expected at "
                          "most 0x%lx (%lu KiB)",
                          end, memory_bytes, memory_bytes / 1024);
    }
    return 0;
}

int elf_kernel_read(const void *image, size_t size, uint64_t memory_bytes,
                    struct elf_image *kernel, char *why, size_t why_size)
{
    int error = elf_parse(image, size, kernel, why, why_size);

    if (!error)
        error = elf_check_version(kernel, why, why_size);
    if (!error)
        error = elf_check_memory(kernel, memory_bytes, why, why_size);
    return error;
}

/* SPDX-License-Identifier: MIT
 *
 * lib/builder/elf.c and elf_symbol.c: a valid kernel is read as it is,
 * and each way to spoil it is refused in the words that are meant for it.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/errors.h"
#include "abi/note.h"
#include "lib/builder/elf.h"
#include "lib/elf64.h"
#include "tests/fuzz/explore.h"
#include "tests/fuzz/guard.h"
#include "tests/fuzz/samples.h"

static struct sample_kernel kernel;
/* The expected words name it and places in it. */
_Static_assert(sizeof(kernel) == 5024, "the sample kernel changed its size");

static int set_up(void **state)
{
    (void)state;
    sample_kernel_make(&kernel);
    return 0;
}

static void check_refused(const void *image, size_t size, const char *expected)
{
    struct elf_image parsed;
    char why[200] = "";

    assert_int_equal(elf_parse(image, size, &parsed, why, sizeof(why)),
                     -PARAPET_EINVAL);
    assert_string_equal(why, expected);
}

/* Spoils the sample by a statement, and expects these words. */
#define REFUSED(spoil, expected)                                               \
    do {                                                                       \
        sample_kernel_make(&kernel);                                           \
        spoil;                                                                 \
        check_refused(&kernel, sizeof(kernel), expected);                      \
    } while (0)

static void parse(struct elf_image *image)
{
    char why[200] = "";
    int result = elf_parse(&kernel, sizeof(kernel), image, why, sizeof(why));

    assert_string_equal(why, "");
    assert_int_equal(result, 0);
}

/* ---- what is taken ---- */

static void test_sample_is_read(void **state)
{
    struct elf_image image;

    (void)state;
    parse(&image);
    assert_int_equal(image.entry, SAMPLE_ENTRY);
    assert_int_equal(image.hypercall_page, SAMPLE_VADDR);
    assert_int_equal(image.abi_version, PARAPET_ABI_VERSION);
    assert_int_equal(image.nr_segments, 2); /* the empty one is not there */
    assert_int_equal(image.segments[0].offset,
                     offsetof(struct sample_kernel, code));
    assert_int_equal(image.segments[0].filesz, SAMPLE_CODE_SIZE);
    assert_int_equal(image.segments[0].vaddr, SAMPLE_VADDR);
    assert_int_equal(image.segments[0].paddr, SAMPLE_PADDR);
    assert_int_equal(image.segments[0].flags, ELF_READ | ELF_EXECUTE);
    assert_int_equal(image.segments[1].filesz, SAMPLE_DATA_SIZE);
    assert_int_equal(image.segments[1].memsz, SAMPLE_DATA_MEMSZ);
    assert_int_equal(image.segments[1].vaddr, SAMPLE_DATA_VADDR);
    assert_int_equal(image.segments[1].paddr, SAMPLE_DATA_PADDR);
    assert_int_equal(image.segments[1].flags, ELF_READ | ELF_WRITE);
}

static void test_any_alignment_is_read(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 8; shift++) {
        char *place = malloc(sizeof(kernel) + shift);

        memcpy(place + shift, &kernel, sizeof(kernel));
        assert_true(explore_kernel(place + shift, sizeof(kernel)));
        free(place);
    }
}

static void test_edges_of_the_address_range(void **state)
{
    struct elf_image image;

    (void)state;
    kernel.phdrs[SAMPLE_DATA].p_vaddr = PARAPET_KERNEL_START + 0x10;
    parse(&image);
    kernel.phdrs[SAMPLE_DATA].p_vaddr = PARAPET_KERNEL_END - 0xff0;
    kernel.phdrs[SAMPLE_DATA].p_memsz = 0xff0;
    parse(&image);
}

static void test_as_many_segments_as_allowed(void **state)
{
    static struct {
        struct sample_kernel kernel;
        Elf64_Phdr phdrs[ELF_MAX_SEGMENTS + 2]; /* one note, one too many */
    } many;
    struct elf_image image;
    char why[200];

    (void)state;
    many.kernel = kernel;
    many.kernel.header.e_phoff = sizeof(kernel);
    many.phdrs[0] = kernel.phdrs[SAMPLE_NOTE];
    for (unsigned int i = 0; i <= ELF_MAX_SEGMENTS; i++) {
        many.phdrs[1 + i] = kernel.phdrs[SAMPLE_CODE];
        many.phdrs[1 + i].p_vaddr += i * UINT64_C(0x2000);
        many.phdrs[1 + i].p_paddr += i * UINT64_C(0x2000);
    }
    many.kernel.header.e_phnum = 1 + ELF_MAX_SEGMENTS;
    assert_int_equal(elf_parse(&many, sizeof(many), &image, why, sizeof(why)),
                     0);
    assert_int_equal(image.nr_segments, ELF_MAX_SEGMENTS);
    many.kernel.header.e_phnum++;
    check_refused(&many, sizeof(many),
                  "expected at most 32 PT_LOAD segments, got more");
}

/* ---- what is refused: the headers ---- */

static void test_not_elf(void **state)
{
    (void)state;
    check_refused("", 0, "not an ELF file: expected at least 64 bytes, got 0");
    check_refused(&kernel, 63,
                  "not an ELF file: expected at least 64 bytes, got 63");
    REFUSED(memset(&kernel, 0, 4), "not an ELF file: expected magic 7f454c46, "
                                   "got 00000000");
    REFUSED(kernel.header.e_ident[3] = 'f',
            "not an ELF file: expected magic 7f454c46, got 7f454c66");
}

static void test_wrong_kind_of_elf(void **state)
{
    (void)state;
    REFUSED(kernel.header.e_ident[EI_CLASS] = ELFCLASS32,
            "ELF header: class: expected 2 (64 bits), got 1");
    REFUSED(kernel.header.e_ident[EI_DATA] = ELFDATA2MSB,
            "ELF header: data: expected 1 (little-endian), got 2");
    REFUSED(kernel.header.e_ident[EI_VERSION] = 0,
            "ELF header: version: expected 1 (current), got 0");
    REFUSED(kernel.header.e_type = ET_DYN,
            "ELF header: type: expected 2 (fixed-address executable), got 3");
    REFUSED(kernel.header.e_machine = EM_AARCH64,
            "ELF header: machine: expected 62 (x86-64), got 183");
    REFUSED(kernel.header.e_phentsize = 57,
            "ELF header: phentsize: expected 56 (ELF64 program headers), "
            "got 57");
}

static void test_program_header_table(void **state)
{
    (void)state;
    REFUSED(kernel.header.e_phnum = 65,
            "expected at most 64 program headers, got 65");
    REFUSED(kernel.header.e_phnum = 0xffff,
            "expected at most 64 program headers, got 65535");
    REFUSED(kernel.header.e_phnum = 0,
            "expected a Parapet note, got none: not a Parapet kernel");
    REFUSED(kernel.header.e_phoff = UINT64_MAX - 55,
            "program header 0: expected it inside the image of 5024 bytes, "
            "got offset 0xffffffffffffffc8");
    REFUSED(kernel.header.e_phoff = sizeof(kernel) - 56 - 55,
            "program header 1: expected it inside the image of 5024 bytes, "
            "got offset 0x1369");
}

static void test_entry(void **state)
{
    (void)state;
    REFUSED(kernel.header.e_entry = 0,
            "entry: expected inside an executable segment, got vaddr 0x0");
    REFUSED(kernel.header.e_entry = SAMPLE_VADDR - 1,
            "entry: expected inside an executable segment, "
            "got vaddr 0xffffffff7fffffff");
    REFUSED(kernel.header.e_entry = SAMPLE_VADDR + SAMPLE_CODE_SIZE,
            "entry: expected inside an executable segment, "
            "got vaddr 0xffffffff80001080");
    REFUSED(kernel.header.e_entry = SAMPLE_DATA_VADDR,
            "entry: expected inside an executable segment, "
            "got vaddr 0xffffffff80002010");
}

/* ---- what is refused: the segments ---- */

static Elf64_Phdr *const code = &kernel.phdrs[SAMPLE_CODE];
static Elf64_Phdr *const data = &kernel.phdrs[SAMPLE_DATA];

static void test_segment_in_file(void **state)
{
    (void)state;
    REFUSED(data->p_offset = sizeof(kernel) - SAMPLE_DATA_SIZE + 1,
            "segment 1: expected it inside the image of 5024 bytes, "
            "got 0x20 bytes at 0x1381");
    REFUSED(data->p_offset = UINT64_MAX - SAMPLE_DATA_SIZE + 1,
            "segment 1: expected it inside the image of 5024 bytes, "
            "got 0x20 bytes at 0xffffffffffffffe0");
    REFUSED(data->p_filesz = UINT64_MAX,
            "segment 1: expected it inside the image of 5024 bytes, "
            "got 0xffffffffffffffff bytes at 0x1380");
    REFUSED(data->p_memsz = SAMPLE_DATA_SIZE - 1,
            "segment 1: expected at most its memsz of 0x1f bytes in the file, "
            "got 0x20");
    REFUSED(data->p_memsz = 0, "segment 1: expected at most its memsz of 0x0 "
                               "bytes in the file, got 0x20");
}

#define OUTSIDE(index, size_and_place)                                         \
    "segment " index ": expected it within vaddr "                             \
    "0xffffff8000000000..0xfffffffffffff000, got " size_and_place

static void test_segment_vaddr(void **state)
{
    (void)state;
    REFUSED(code->p_vaddr = 0x400000, OUTSIDE("0", "0x1080 bytes at 0x400000"));
    REFUSED(code->p_vaddr = PARAPET_HYPERVISOR_START,
            OUTSIDE("0", "0x1080 bytes at 0xffff800000000000"));
    REFUSED(code->p_vaddr = PARAPET_DIRECT_MAP,
            OUTSIDE("0", "0x1080 bytes at 0xffff880000000000"));
    REFUSED(code->p_vaddr = PARAPET_SHARED_BASE,
            OUTSIDE("0", "0x1080 bytes at 0xffffff0000000000"));
    REFUSED(code->p_vaddr = PARAPET_KERNEL_START - 0x1000,
            OUTSIDE("0", "0x1080 bytes at 0xffffff7ffffff000"));
    REFUSED(data->p_vaddr = PARAPET_KERNEL_END - 0xff0,
            OUTSIDE("1", "0x1000 bytes at 0xffffffffffffe010"));
    REFUSED((data->p_vaddr = PARAPET_KERNEL_END - 0xff0, data->p_memsz = 0xff1),
            OUTSIDE("1", "0xff1 bytes at 0xffffffffffffe010"));
    REFUSED(data->p_vaddr = PARAPET_KERNEL_END + 0x10,
            OUTSIDE("1", "0x1000 bytes at 0xfffffffffffff010"));
    REFUSED(data->p_memsz = UINT64_MAX,
            OUTSIDE("1", "0xffffffffffffffff bytes at 0xffffffff80002010"));
}

static void test_segment_paddr_and_flags(void **state)
{
    (void)state;
    REFUSED(data->p_paddr = UINT64_MAX - 0xfef,
            "segment 1: expected a paddr range without wrap, "
            "got 0x1000 bytes at 0xfffffffffffff010");
    REFUSED(data->p_paddr += 8,
            "segment 1: expected vaddr and paddr at the same place in a page, "
            "got 0xffffffff80002010 and 0x102018");
    REFUSED(code->p_flags = PF_R | PF_W | PF_X,
            "segment 0: expected writable or executable, got both");
}

static void test_segments_apart(void **state)
{
    struct elf_image image;

    (void)state;
    REFUSED(data->p_vaddr -= 0x1000,
            "segment 1: expected pages of its own, got vaddr "
            "0xffffffff80000000 and 0xffffffff80001010 with a page in common");
    REFUSED((data->p_vaddr -= 0x4000, data->p_memsz = 0x4000),
            "segment 1: expected pages of its own, got vaddr "
            "0xffffffff80000000 and 0xffffffff7fffe010 with a page in common");
    REFUSED(data->p_paddr -= 0x2000,
            "segment 1: expected memory of its own, got paddr 0x100000 and "
            "0x100010 that overlap");
    REFUSED((data->p_vaddr += 0x6f, data->p_paddr -= 0xf91),
            "segment 1: expected memory of its own, got paddr 0x100000 and "
            "0x10107f that overlap");
    REFUSED((data->p_paddr = 0xff010, data->p_memsz = 0xff1),
            "segment 1: expected memory of its own, got paddr 0x100000 and "
            "0xff010 that overlap");
    /* One byte less, and it is right behind the code, or right before. */
    sample_kernel_make(&kernel);
    data->p_vaddr += 0x70;
    data->p_paddr -= 0xf90;
    parse(&image);
    sample_kernel_make(&kernel);
    data->p_paddr = 0xff010;
    data->p_memsz = 0xff0;
    parse(&image);
}

/* ---- what is refused: the note ---- */

static struct sample_note *const note = &kernel.notes[1];

static void test_note_is_missing(void **state)
{
    static const char none[] =
        "expected a Parapet note, got none: not a Parapet kernel";

    (void)state;
    REFUSED(kernel.phdrs[SAMPLE_NOTE].p_type = PT_NULL, none);
    REFUSED(kernel.phdrs[SAMPLE_NOTE].p_filesz -= sizeof(*note), none);
    REFUSED(kernel.phdrs[SAMPLE_NOTE].p_filesz = 0, none);
    REFUSED(note->name[0] = 'p', none);
    REFUSED(note->header.n_type = 2, none);
    REFUSED(note->header.n_namesz = 7, none);
}

static void test_other_notes_are_skipped(void **state)
{
    struct elf_image image;

    (void)state;
    /* Padded to where the next one starts. */
    kernel.notes[0].header.n_descsz = 13;
    kernel.notes[0].header.n_namesz = 5;
    parse(&image);
    assert_int_equal(image.hypercall_page, SAMPLE_VADDR);
}

static void test_note_is_damaged(void **state)
{
    (void)state;
    REFUSED(kernel.notes[0] = *note, "expected one Parapet note, got a second");
    REFUSED(note->zero = 0xabc,
            "Parapet note: expected zero in its second word, got 0xabc");
    REFUSED(note->header.n_descsz = 12,
            "Parapet note: expected 16 bytes, got 12");
    REFUSED(note->header.n_descsz = 17,
            "segment 2: expected its notes, aligned to 4, to end by 0x48, "
            "got one that ends at 0x49");
    REFUSED(note->header.n_descsz = UINT32_MAX,
            "segment 2: expected its notes, aligned to 4, to end by 0x48, "
            "got one that ends at 0x100000037");
    REFUSED(note->header.n_namesz = UINT32_MAX,
            "segment 2: expected its notes, aligned to 4, to end by 0x48, "
            "got one that ends at 0x100000040");
}

static void test_notes_in_file(void **state)
{
    static struct {
        struct sample_kernel kernel;
        char more[0x10001];
    } large;

    (void)state;
    large.kernel = kernel;
    large.kernel.phdrs[SAMPLE_NOTE].p_offset = sizeof(kernel);
    large.kernel.phdrs[SAMPLE_NOTE].p_filesz = 0x10001;
    check_refused(&large, sizeof(large),
                  "segment 2: expected at most 0x10000 bytes of notes inside "
                  "the image of 70568 bytes, got 0x10001 bytes at 0x13a0");
    REFUSED(kernel.phdrs[SAMPLE_NOTE].p_offset = sizeof(kernel) - 71,
            "segment 2: expected at most 0x10000 bytes of notes inside the "
            "image of 5024 bytes, got 0x48 bytes at 0x1359");
    REFUSED(kernel.phdrs[SAMPLE_NOTE].p_filesz = 0x10001,
            "segment 2: expected at most 0x10000 bytes of notes inside the "
            "image of 5024 bytes, got 0x10001 bytes at 0x120");
}

#define NOT_IN_CODE(vaddr)                                                     \
    "hypercall page: expected all of it in the file's part of an executable "  \
    "segment, got vaddr " vaddr

static void test_hypercall_page(void **state)
{
    (void)state;
    REFUSED(note->hypercall_page += 8,
            "hypercall page: expected a page-aligned vaddr, "
            "got 0xffffffff80000008");
    REFUSED(note->hypercall_page = 0, NOT_IN_CODE("0x0"));
    REFUSED(note->hypercall_page = SAMPLE_VADDR + 0x1000,
            NOT_IN_CODE("0xffffffff80001000"));
    REFUSED(note->hypercall_page = SAMPLE_DATA_VADDR & ~0xfffUL,
            NOT_IN_CODE("0xffffffff80002000"));
    REFUSED(code->p_flags = PF_R | PF_W,
            "entry: expected inside an executable segment, "
            "got vaddr 0xffffffff80001000");
    REFUSED(code->p_filesz = 0xfff, NOT_IN_CODE("0xffffffff80000000"));
    /* In memory there would be room, past the end in the file. */
    REFUSED((data->p_vaddr += 0x10000, data->p_paddr += 0x10000,
             code->p_memsz = 0x4000,
             note->hypercall_page = SAMPLE_VADDR + 0x2000),
            NOT_IN_CODE("0xffffffff80002000"));
    REFUSED(
        (code->p_memsz = 0x2000, note->hypercall_page = SAMPLE_VADDR + 0x1000),
        NOT_IN_CODE("0xffffffff80001000"));
}

/* ---- version and memory ---- */

static void check_version(uint32_t version, int expected, const char *words)
{
    struct elf_image image = {.abi_version = version};
    char why[100] = "";

    assert_int_equal(elf_check_version(&image, why, sizeof(why)), expected);
    assert_string_equal(why, words);
}

static void test_version(void **state)
{
    char words[100];

    (void)state;
    check_version(PARAPET_ABI_VERSION, 0, "");
    check_version(PARAPET_ABI_MAJOR << 16, 0, "");
    snprintf(words, sizeof(words),
             "kernel wants ABI %u.%u, this hypervisor has %u.%u",
             PARAPET_ABI_MAJOR + 1, 0, PARAPET_ABI_MAJOR, PARAPET_ABI_MINOR);
    check_version((PARAPET_ABI_MAJOR + 1) << 16, -PARAPET_EINVAL, words);
    snprintf(words, sizeof(words),
             "kernel wants ABI %u.%u, this hypervisor has %u.%u",
             PARAPET_ABI_MAJOR, PARAPET_ABI_MINOR + 1, PARAPET_ABI_MAJOR,
             PARAPET_ABI_MINOR);
    check_version(PARAPET_ABI_VERSION + 1, -PARAPET_EINVAL, words);
    snprintf(words, sizeof(words),
             "kernel wants ABI 65535.65535, this hypervisor has %u.%u",
             PARAPET_ABI_MAJOR, PARAPET_ABI_MINOR);
    check_version(UINT32_MAX, -PARAPET_EINVAL, words);
}

static void test_memory(void **state)
{
    struct elf_image image;
    char why[100];

    (void)state;
    parse(&image);
    assert_int_equal(elf_check_memory(&image, 0x103010, why, sizeof(why)), 0);
    assert_int_equal(elf_check_memory(&image, 0x103000, why, sizeof(why)),
                     -PARAPET_EINVAL);
    assert_string_equal(why, "kernel needs memory up to paddr 0x103010, "
                             "expected at most 0x103000 (1036 KiB)");
    assert_int_equal(elf_check_memory(&image, 0, why, sizeof(why)),
                     -PARAPET_EINVAL);
}

static void test_words_are_cut(void **state)
{
    struct elf_image image;
    char why[8] = "xxxxxxx";

    (void)state;
    assert_int_equal(elf_parse("", 0, &image, why, sizeof(why)),
                     -PARAPET_EINVAL);
    assert_string_equal(why, "not an ");
    assert_int_equal(elf_parse("", 0, &image, NULL, 0), -PARAPET_EINVAL);
}

/* ---- symbols ---- */

static void check_symbol(uint64_t vaddr, const char *name, uint64_t offset)
{
    char got[16] = "";
    uint64_t got_offset = 0;

    assert_true(explore_symbol(&kernel, sizeof(kernel), vaddr, got, sizeof(got),
                               &got_offset));
    assert_string_equal(got, name);
    assert_int_equal(got_offset, offset);
}

static bool has_symbol(uint64_t vaddr)
{
    char name[16];
    uint64_t offset;

    return explore_symbol(&kernel, sizeof(kernel), vaddr, name, sizeof(name),
                          &offset);
}

#define NO_SYMBOL(spoil)                                                       \
    do {                                                                       \
        sample_kernel_make(&kernel);                                           \
        spoil;                                                                 \
        assert_false(has_symbol(SAMPLE_ENTRY));                                \
    } while (0)

static void test_symbols(void **state)
{
    (void)state;
    check_symbol(SAMPLE_ENTRY, "start", 0);
    check_symbol(SAMPLE_ENTRY + 0x3f, "start", 0x3f);
    check_symbol(SAMPLE_ENTRY + 0x40, "inner", 0);
    check_symbol(SAMPLE_ENTRY + 0x7f, "inner", 0x3f);
    assert_false(has_symbol(SAMPLE_ENTRY - 1));
    assert_false(has_symbol(SAMPLE_VADDR + SAMPLE_CODE_SIZE));
    assert_false(has_symbol(SAMPLE_DATA_VADDR));
    assert_false(has_symbol(0));
    assert_false(has_symbol(UINT64_MAX));
    /* The function wins in either order. */
    kernel.symbols[SAMPLE_SYMBOL_NULL] = kernel.symbols[SAMPLE_SYMBOL_START];
    check_symbol(SAMPLE_ENTRY, "start", 0);
    /* A symbol that is nobody's, absolute or without a name does not count. */
    kernel.symbols[SAMPLE_SYMBOL_INNER].st_shndx = SHN_UNDEF;
    check_symbol(SAMPLE_ENTRY + 0x40, "start", 0x40);
    kernel.symbols[SAMPLE_SYMBOL_INNER].st_shndx = SHN_ABS;
    check_symbol(SAMPLE_ENTRY + 0x40, "start", 0x40);
    kernel.symbols[SAMPLE_SYMBOL_INNER].st_shndx = SAMPLE_SECTION_CODE;
    kernel.symbols[SAMPLE_SYMBOL_INNER].st_name = 0;
    check_symbol(SAMPLE_ENTRY + 0x40, "start", 0x40);
    kernel.symbols[SAMPLE_SYMBOL_INNER].st_name = sizeof(kernel.strings);
    check_symbol(SAMPLE_ENTRY + 0x40, "start", 0x40);
}

static void test_symbol_names(void **state)
{
    char name[4];
    uint64_t offset;

    (void)state;
    kernel.strings[8] = '\n';
    assert_true(explore_symbol(&kernel, sizeof(kernel), SAMPLE_ENTRY, name,
                               sizeof(name), &offset));
    assert_string_equal(name, "s?a");
    assert_true(explore_symbol(&kernel, sizeof(kernel), SAMPLE_ENTRY, name, 1,
                               &offset));
    assert_string_equal(name, "");
    assert_false(explore_symbol(&kernel, sizeof(kernel), SAMPLE_ENTRY, name, 0,
                                &offset));
    /* No NUL before the end of the string table. */
    kernel.sections[SAMPLE_SECTION_STRINGS].sh_size = 9;
    check_symbol(SAMPLE_ENTRY, "s?", 0);
}

static void test_damaged_symbol_tables(void **state)
{
    Elf64_Shdr *symbols = &kernel.sections[SAMPLE_SECTION_SYMBOLS];
    Elf64_Shdr *strings = &kernel.sections[SAMPLE_SECTION_STRINGS];

    (void)state;
    NO_SYMBOL(kernel.header.e_ident[0] = 0);
    NO_SYMBOL(kernel.header.e_ident[EI_CLASS] = ELFCLASS32);
    NO_SYMBOL(kernel.header.e_shentsize = 40);
    NO_SYMBOL(kernel.header.e_shnum = 0);
    NO_SYMBOL(kernel.header.e_shnum = SAMPLE_SECTION_SYMBOLS);
    NO_SYMBOL(kernel.header.e_shnum = SAMPLE_SECTION_STRINGS);
    NO_SYMBOL(kernel.header.e_shoff = UINT64_MAX - 63);
    NO_SYMBOL(kernel.header.e_shoff = sizeof(kernel));
    NO_SYMBOL(symbols->sh_type = SHT_PROGBITS);
    NO_SYMBOL(symbols->sh_entsize = 0);
    NO_SYMBOL(symbols->sh_offset = sizeof(kernel) - 119);
    NO_SYMBOL(symbols->sh_offset = UINT64_MAX - 119);
    NO_SYMBOL(symbols->sh_size = UINT64_MAX);
    NO_SYMBOL(symbols->sh_size = sizeof(Elf64_Sym));
    NO_SYMBOL(symbols->sh_link = SAMPLE_NR_SECTIONS);
    NO_SYMBOL(symbols->sh_link = UINT32_MAX);
    NO_SYMBOL(strings->sh_type = SHT_PROGBITS);
    NO_SYMBOL(strings->sh_offset = sizeof(kernel) - 31);
    NO_SYMBOL(strings->sh_size = UINT64_MAX);
    NO_SYMBOL(strings->sh_size = 0);
    NO_SYMBOL(kernel.sections[SAMPLE_SECTION_CODE].sh_size = 0);
}

/* ---- every truncation, every flipped bit ---- */

static void test_every_truncation_is_refused(void **state)
{
    (void)state;
    for (size_t size = 0; size < sizeof(kernel); size++)
        assert_false(explore_kernel(guard_copy(&kernel, size), size));
    assert_true(
        explore_kernel(guard_copy(&kernel, sizeof(kernel)), sizeof(kernel)));
}

static void test_every_flipped_bit_is_survived(void **state)
{
    unsigned char *bytes = (unsigned char *)&kernel;
    unsigned int nr_refused = 0;

    (void)state;
    for (size_t i = 0; i < offsetof(struct sample_kernel, code); i++) {
        for (unsigned int bit = 0; bit < 8; bit++) {
            bytes[i] = (unsigned char)(bytes[i] ^ (1u << bit));
            nr_refused += !explore_kernel(&kernel, sizeof(kernel));
            bytes[i] = (unsigned char)(bytes[i] ^ (1u << bit));
        }
    }
    /* Most of the file header, of two program headers, of the note. */
    assert_int_in_range(nr_refused, 1000, 3000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_sample_is_read, set_up),
        cmocka_unit_test_setup(test_any_alignment_is_read, set_up),
        cmocka_unit_test_setup(test_edges_of_the_address_range, set_up),
        cmocka_unit_test_setup(test_as_many_segments_as_allowed, set_up),
        cmocka_unit_test_setup(test_not_elf, set_up),
        cmocka_unit_test_setup(test_wrong_kind_of_elf, set_up),
        cmocka_unit_test_setup(test_program_header_table, set_up),
        cmocka_unit_test_setup(test_entry, set_up),
        cmocka_unit_test_setup(test_segment_in_file, set_up),
        cmocka_unit_test_setup(test_segment_vaddr, set_up),
        cmocka_unit_test_setup(test_segment_paddr_and_flags, set_up),
        cmocka_unit_test_setup(test_segments_apart, set_up),
        cmocka_unit_test_setup(test_note_is_missing, set_up),
        cmocka_unit_test_setup(test_other_notes_are_skipped, set_up),
        cmocka_unit_test_setup(test_note_is_damaged, set_up),
        cmocka_unit_test_setup(test_notes_in_file, set_up),
        cmocka_unit_test_setup(test_hypercall_page, set_up),
        cmocka_unit_test_setup(test_version, set_up),
        cmocka_unit_test_setup(test_memory, set_up),
        cmocka_unit_test_setup(test_words_are_cut, set_up),
        cmocka_unit_test_setup(test_symbols, set_up),
        cmocka_unit_test_setup(test_symbol_names, set_up),
        cmocka_unit_test_setup(test_damaged_symbol_tables, set_up),
        cmocka_unit_test_setup(test_every_truncation_is_refused, set_up),
        cmocka_unit_test_setup(test_every_flipped_bit_is_survived, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * guest-kernel/proc/elf.c: what a good program yields, that each kind of bad
 * one is refused for the right reason, and that no file makes it read outside
 * its bytes or accept what cannot be mapped. Every file is read in a block of
 * exactly its size, so that the address sanitizer sees the first byte too far.
 */
#include "tests/unit/unit.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "guest-kernel/mm/space.h"
#include "guest-kernel/proc/elf.h"

#define PAGE 4096ul
#define NR_SEGMENTS 3
#define FILE_SIZE (2 * PAGE + 100)
#define CODE 0x401000ul
#define NR_RANDOM 200000

struct file {
    Elf64_Ehdr header;
    Elf64_Phdr segments[NR_SEGMENTS];
    uint8_t
        rest[FILE_SIZE - sizeof(Elf64_Ehdr) - NR_SEGMENTS * sizeof(Elf64_Phdr)];
};

static void set_segment(Elf64_Phdr *segment, uint32_t flags, uint64_t offset,
                        uint64_t vaddr, uint64_t size)
{
    segment->p_type = PT_LOAD;
    segment->p_flags = flags;
    segment->p_offset = offset;
    segment->p_vaddr = vaddr;
    segment->p_filesz = size;
    segment->p_memsz = size;
    segment->p_align = PAGE;
}

/* Headers, code, and data with a part that is zero. */
static struct file good_file(void)
{
    struct file file;

    memset(&file, 0, sizeof(file));
    memcpy(file.header.e_ident, ELFMAG, SELFMAG);
    file.header.e_ident[EI_CLASS] = ELFCLASS64;
    file.header.e_ident[EI_DATA] = ELFDATA2LSB;
    file.header.e_ident[EI_VERSION] = EV_CURRENT;
    file.header.e_type = ET_EXEC;
    file.header.e_machine = EM_X86_64;
    file.header.e_entry = CODE + 8;
    file.header.e_phoff = sizeof(file.header);
    file.header.e_phentsize = sizeof(file.segments[0]);
    file.header.e_phnum = NR_SEGMENTS;
    set_segment(&file.segments[0], PF_R, 0, 0x400000, 500);
    set_segment(&file.segments[1], PF_R | PF_X, PAGE, CODE, PAGE);
    set_segment(&file.segments[2], PF_R | PF_W, 2 * PAGE + 16, CODE + PAGE + 16,
                84);
    file.segments[2].p_memsz = 2 * PAGE;
    return file;
}

/* Of a file of which only so much is looked at: a copy in a block of its own,
 * for free(). */
static const char *read_head(const void *file, size_t size, size_t file_size,
                             void **copy, struct elf_program *program)
{
    *copy = malloc(size > 0 ? size : 1);
    assert_non_null(*copy);
    memcpy(*copy, file, size);
    return elf_read(*copy, size, file_size, program);
}

static const char *read_copy(const void *file, size_t size, void **copy,
                             struct elf_program *program)
{
    return read_head(file, size, size, copy, program);
}

static void good(void **state)
{
    struct file file = good_file();
    struct elf_program program;
    const struct elf_segment *data = &program.segments[2];
    void *copy;

    (void)state;
    assert_null(read_copy(&file, sizeof(file), &copy, &program));
    assert_int_equal(program.nr_segments, 3);
    assert_int_equal(program.entry, CODE + 8);
    assert_int_equal(program.headers_vaddr, 0x400000 + sizeof(file.header));
    assert_int_equal(program.nr_headers, NR_SEGMENTS);
    assert_int_equal(program.segments[0].prot, SPACE_READ);
    assert_int_equal(program.segments[1].prot, SPACE_READ | SPACE_EXEC);
    /* Whole pages: the 16 bytes before the data come along. */
    assert_int_equal(data->start, CODE + PAGE);
    assert_int_equal(data->size, 3 * PAGE);
    assert_int_equal(data->file_offset, 2 * PAGE);
    assert_int_equal(data->file_size, 100);
    assert_int_equal(program.end, CODE + 4 * PAGE);
    free(copy);
}

/* The first page is all that is looked at. */
static void only_the_head(void **state)
{
    struct file file = good_file();
    struct elf_program program;
    void *copy;

    (void)state;
    assert_null(read_head(&file, PAGE, sizeof(file), &copy, &program));
    assert_int_equal(program.segments[2].file_size, 100);
    free(copy);
    file.header.e_phoff = PAGE - sizeof(file.segments) + 8;
    assert_non_null(read_head(&file, PAGE, sizeof(file), &copy, &program));
    free(copy);
}

static void position_independent(void **state)
{
    struct file file = good_file();
    struct elf_program program;
    void *copy;

    (void)state;
    file.header.e_type = ET_DYN;
    assert_null(read_copy(&file, sizeof(file), &copy, &program));
    assert_int_equal(program.entry, ELF_BASE + CODE + 8);
    assert_int_equal(program.headers_vaddr,
                     ELF_BASE + 0x400000 + sizeof(file.header));
    assert_int_equal(program.segments[1].start, ELF_BASE + CODE);
    assert_int_equal(program.segments[1].file_offset, PAGE);
    assert_int_equal(program.end, ELF_BASE + CODE + 4 * PAGE);
    free(copy);
    file.segments[2].p_memsz = SPACE_USER_END - ELF_BASE - (CODE + PAGE + 16);
    assert_null(read_copy(&file, sizeof(file), &copy, &program));
    assert_int_equal(program.end, SPACE_USER_END);
    free(copy);
    file.segments[2].p_memsz++;
    assert_string_equal(read_copy(&file, sizeof(file), &copy, &program),
                        "a segment is not in user memory");
    free(copy);
}

static void expect_refused(const struct file *file, const char *reason)
{
    struct elf_program program;
    const char *said;
    void *copy;

    said = read_copy(file, sizeof(*file), &copy, &program);
    assert_non_null(said);
    assert_string_equal(said, reason);
    free(copy);
}

#define REFUSED(change, reason)                                                \
    do {                                                                       \
        struct file file = good_file();                                        \
        file.change;                                                           \
        expect_refused(&file, reason);                                         \
    } while (0)

static void bad_headers(void **state)
{
    static const char beyond[] =
        "the program headers go past the first page, or the file's end";

    (void)state;
    REFUSED(header.e_ident[0] = 0, "not an ELF file of 64 bits");
    REFUSED(header.e_ident[EI_CLASS] = ELFCLASS32,
            "not an ELF file of 64 bits");
    REFUSED(header.e_machine = EM_386, "not for x86-64");
    REFUSED(header.e_type = ET_REL, "not a program");
    REFUSED(header.e_type = ET_CORE, "not a program");
    REFUSED(header.e_phentsize = 32, "program headers of an unknown size");
    REFUSED(header.e_phoff = ~0ul, beyond);
    REFUSED(header.e_phnum = 0xffff, beyond);
    REFUSED(header.e_phnum = 0, "its entry is not executable");
    REFUSED(header.e_entry = CODE - 1, "its entry is not executable");
    REFUSED(header.e_entry = CODE + PAGE, "its entry is not executable");
    REFUSED(header.e_entry = ~0ul, "its entry is not executable");
}

static void bad_segments(void **state)
{
    static const char beyond_file[] = "a segment goes past the end of the file";
    static const char beyond_user[] = "a segment is not in user memory";
    static const char overlap[] = "segments overlap, or are not in order";

    (void)state;
    REFUSED(segments[1].p_filesz = PAGE + 1,
            "a segment is larger in the file than in memory");
    REFUSED(segments[1].p_offset = 2 * PAGE, beyond_file);
    REFUSED(segments[1].p_offset = ~0ul & ~(PAGE - 1), beyond_file);
    REFUSED(segments[1].p_offset = PAGE - 8,
            "a segment is at another place in its page than in the file");
    REFUSED(segments[2].p_vaddr = SPACE_USER_END + 16, beyond_user);
    REFUSED(segments[2].p_vaddr = 0xffffffff80000010, beyond_user);
    REFUSED(segments[2].p_memsz = ~0ul, beyond_user);
    REFUSED(segments[2].p_memsz = SPACE_USER_END - (CODE + PAGE + 16) + 1,
            beyond_user);
    REFUSED(segments[0].p_vaddr = 0, overlap);
    REFUSED(segments[0].p_memsz = PAGE + 1, overlap);
    REFUSED(segments[2].p_vaddr = CODE + 16, overlap);
    REFUSED(segments[2].p_type = PT_INTERP,
            "it needs a dynamic loader, only static programs run here");
}

/* Up to the very end of user memory is allowed. */
static void largest(void **state)
{
    struct file file = good_file();
    struct elf_program program;
    void *copy;

    (void)state;
    file.segments[2].p_memsz = SPACE_USER_END - (CODE + PAGE + 16);
    assert_null(read_copy(&file, sizeof(file), &copy, &program));
    assert_int_equal(program.end, SPACE_USER_END);
    free(copy);
}

static void too_many(void **state)
{
    struct {
        Elf64_Ehdr header;
        Elf64_Phdr segments[ELF_MAX_SEGMENTS + 1];
    } many = {good_file().header, {{0}}};
    struct elf_program program;
    unsigned int i;
    void *copy;

    (void)state;
    for (i = 0; i <= ELF_MAX_SEGMENTS; i++)
        set_segment(&many.segments[i], PF_R | PF_X, 0, CODE + i * PAGE, 10);
    many.header.e_phnum = ELF_MAX_SEGMENTS;
    assert_null(read_copy(&many, sizeof(many), &copy, &program));
    free(copy);
    many.header.e_phnum = ELF_MAX_SEGMENTS + 1;
    assert_string_equal(read_copy(&many, sizeof(many), &copy, &program),
                        "too many segments");
    free(copy);
}

/* Every length that a file may be cut to. */
static void cut(void **state)
{
    struct file file = good_file();
    struct elf_program program;
    size_t size;
    void *copy;

    (void)state;
    for (size = 0; size < sizeof(file); size += size < 400 ? 1 : 37) {
        assert_non_null(read_copy(&file, size, &copy, &program));
        free(copy);
    }
}

/* What mm/space.h asks of each call, and exec.c of the whole. */
static void expect_mappable(const struct elf_program *program, size_t size)
{
    const struct elf_segment *segment;
    uint64_t end = SPACE_USER_START;
    unsigned int i;

    assert_int_in_range(program->nr_segments, 1, ELF_MAX_SEGMENTS);
    for (i = 0; i < program->nr_segments; i++) {
        segment = &program->segments[i];
        assert_int_equal(segment->start % PAGE, 0);
        assert_int_equal(segment->size % PAGE, 0);
        assert_true(segment->size > 0 && segment->start >= end);
        assert_true(segment->size <= SPACE_USER_END - segment->start);
        assert_true(segment->file_size <= segment->size);
        end = segment->start + segment->size;
        if (segment->file_size == 0)
            continue;
        assert_int_equal(segment->file_offset % PAGE, 0);
        assert_true(segment->file_offset < size);
        assert_true(segment->file_size <= size - segment->file_offset);
    }
    assert_int_equal(program->end, end);
    assert_true(program->entry < end);
}

/* Bytes of the headers changed at random, by values that are near something. */
static void random_changes(void **state)
{
    static const uint64_t values[] = {
        0,        1,    16,        PAGE - 1,       PAGE,
        CODE,     ~0ul, 1ul << 63, SPACE_USER_END, SPACE_USER_END - PAGE,
        2 * PAGE,
    };
    const size_t headers =
        sizeof(Elf64_Ehdr) + NR_SEGMENTS * sizeof(Elf64_Phdr);
    uint64_t seed = 4, value;
    unsigned int i, nr_good = 0;
    struct elf_program program;
    struct file file;
    size_t at, n;
    void *copy;

    (void)state;
    for (i = 0; i < NR_RANDOM; i++) {
        file = good_file();
        for (n = unit_random(&seed) % 3 + 1; n > 0; n--) {
            at = unit_random(&seed) % (headers / 8) * 8;
            value = values[unit_random(&seed) %
                           (sizeof(values) / sizeof(values[0]))] +
                    unit_random(&seed) % 3 - 1;
            memcpy((uint8_t *)&file + at, &value, sizeof(value));
        }
        if (read_copy(&file, sizeof(file), &copy, &program) == NULL) {
            nr_good++;
            expect_mappable(&program, sizeof(file));
        }
        free(copy);
    }
    /* Both ways were gone often. */
    assert_int_in_range(nr_good, NR_RANDOM / 100, NR_RANDOM / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),
        cmocka_unit_test(only_the_head),
        cmocka_unit_test(position_independent),
        cmocka_unit_test(bad_headers),
        cmocka_unit_test(bad_segments),
        cmocka_unit_test(largest),
        cmocka_unit_test(too_many),
        cmocka_unit_test(cut),
        cmocka_unit_test(random_changes),
    };

    return cmocka_run_group_tests_name("proc/elf", tests, NULL, NULL);
}

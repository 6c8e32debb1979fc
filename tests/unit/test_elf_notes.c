/* SPDX-License-Identifier: MIT
 *
 * lib/builder/elf.c: Parapet's note is found in whatever company and
 * alignment a linker puts it. The segments here are laid out as GNU ld does.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "abi/errors.h"
#include "abi/note.h"
#include "lib/builder/elf.h"
#include "tests/fuzz/samples.h"

#define VERSION 7
#define NR_SEGMENTS 3

/* A kernel whose segments of notes follow it. */
static struct {
    struct sample_kernel kernel;
    Elf64_Phdr phdrs[2 + NR_SEGMENTS];
    uint8_t notes[512];
} image;
static size_t used; /* of notes */
static Elf64_Phdr *segment;

static int set_up(void **state)
{
    (void)state;
    memset(&image, 0, sizeof(image));
    sample_kernel_make(&image.kernel);
    image.phdrs[0] = image.kernel.phdrs[SAMPLE_CODE];
    image.phdrs[1] = image.kernel.phdrs[SAMPLE_DATA];
    image.kernel.header.e_phoff = sizeof(image.kernel);
    image.kernel.header.e_phnum = 2;
    used = 0;
    return 0;
}

static void pad(size_t align)
{
    while (used % align != 0)
        used++;
}

static void begin_segment(size_t align)
{
    pad(8);
    segment = &image.phdrs[image.kernel.header.e_phnum++];
    *segment = (Elf64_Phdr){
        .p_type = PT_NOTE,
        .p_offset = (size_t)(image.notes - (uint8_t *)&image) + used,
        .p_align = align,
    };
}

/* A note whose section is aligned to align, and its descriptor likewise. */
static void put_note(size_t align, const char *name, uint32_t type,
                     const void *descriptor, uint32_t size)
{
    const Elf64_Nhdr header = {.n_namesz = (uint32_t)strlen(name) + 1,
                               .n_descsz = size,
                               .n_type = type};
    size_t start = (size_t)(image.notes - (uint8_t *)&image);

    pad(align);
    memcpy(image.notes + used, &header, sizeof(header));
    used += sizeof(header);
    memcpy(image.notes + used, name, header.n_namesz);
    used += header.n_namesz;
    pad(align);
    memcpy(image.notes + used, descriptor, size);
    used += size;
    segment->p_filesz = start + used - segment->p_offset;
}

static void put_ours(size_t align)
{
    const struct {
        uint32_t version, zero;
        uint64_t page;
    } descriptor = {.version = VERSION, .page = SAMPLE_VADDR};

    put_note(align, PARAPET_NOTE_NAME, PARAPET_NOTE_ABI, &descriptor,
             sizeof(descriptor));
}

/* As gcc -fcf-protection makes it, and as ld --build-id does. */
static void put_property(void)
{
    static const uint32_t ibt_and_shstk[4] = {0xc0000002, 4, 3, 0};

    put_note(8, "GNU", 5, ibt_and_shstk, sizeof(ibt_and_shstk));
}

static void put_build_id(void)
{
    static const char hash[20] = "nineteen characters";

    put_note(4, "GNU", 3, hash, sizeof(hash));
}

static void check_found(void)
{
    struct elf_image parsed;
    char why[200] = "";
    int result = elf_parse(&image, sizeof(image), &parsed, why, sizeof(why));

    assert_string_equal(why, "");
    assert_int_equal(result, 0);
    assert_int_equal(parsed.abi_version, VERSION);
    assert_int_equal(parsed.hypercall_page, SAMPLE_VADDR);
}

static void check_refused(const char *expected)
{
    struct elf_image parsed;
    char why[200] = "";

    assert_int_equal(
        elf_parse(&image, sizeof(image), &parsed, why, sizeof(why)),
        -PARAPET_EINVAL);
    assert_string_equal(why, expected);
}

/* ---- one segment ---- */

static void test_alone(void **state)
{
    static const size_t aligns[] = {0, 1, 2, 4, 16, 4096};

    for (size_t i = 0; i < sizeof(aligns) / sizeof(aligns[0]); i++) {
        set_up(state);
        begin_segment(aligns[i]);
        put_ours(4);
        check_found();
    }
}

static void test_alone_aligned_to_eight(void **state)
{
    (void)state;
    begin_segment(8);
    put_ours(8);
    check_found();
}

static void test_after_property(void **state)
{
    (void)state;
    begin_segment(8);
    put_property();
    put_ours(4);
    check_found();
}

static void test_before_property(void **state)
{
    (void)state;
    begin_segment(8);
    put_ours(4);
    put_property();
    check_found();
}

static void test_between_build_id_and_property(void **state)
{
    (void)state;
    begin_segment(8);
    put_build_id();
    put_ours(4);
    put_property();
    put_build_id();
    check_found();
}

/* The build id begins in the middle of 8 bytes, and ends with the segment. */
static void test_between_property_and_build_id(void **state)
{
    (void)state;
    begin_segment(8);
    put_property();
    put_ours(4);
    put_build_id();
    check_found();
}

static void test_aligned_to_eight_after_property(void **state)
{
    (void)state;
    begin_segment(8);
    put_property();
    put_ours(8);
    check_found();
}

static void test_after_build_id(void **state)
{
    (void)state;
    begin_segment(4);
    put_build_id();
    put_ours(4);
    check_found();
}

static void test_after_another_vendors(void **state)
{
    (void)state;
    begin_segment(4);
    put_note(4, "Another", PARAPET_NOTE_ABI, "", 1);
    begin_segment(8);
    put_note(8, "Another", PARAPET_NOTE_ABI, "", 1);
    put_ours(4);
    check_found();
}

/* ---- several segments ---- */

static void test_property_in_a_segment_of_its_own(void **state)
{
    (void)state;
    begin_segment(8);
    put_property();
    begin_segment(4);
    put_build_id();
    put_ours(4);
    check_found();
}

static void test_empty_segments(void **state)
{
    (void)state;
    begin_segment(0);
    begin_segment(8);
    put_ours(4);
    begin_segment(4);
    check_found();
}

/* ---- what stays refused ---- */

static void test_second_in_another_segment(void **state)
{
    (void)state;
    begin_segment(8);
    put_ours(4);
    begin_segment(4);
    put_ours(4);
    check_refused("expected one Parapet note, got a second");
}

static void test_property_alone(void **state)
{
    (void)state;
    begin_segment(8);
    put_property();
    check_refused("expected a Parapet note, got none: not a Parapet kernel");
}

static void test_cut(void **state)
{
    (void)state;
    begin_segment(8);
    put_property();
    put_ours(4);
    segment->p_filesz--;
    check_refused("segment 2: expected its notes, aligned to 8, to end by "
                  "0x43, got one that ends at 0x44");
}

/* Where the file ends, so does what tells the two layouts apart. */
static void test_end_of_file(void **state)
{
    struct elf_image parsed;
    char why[200];

    (void)state;
    begin_segment(8);
    put_ours(4);
    for (size_t size = segment->p_offset + segment->p_filesz - 1;
         size >= segment->p_offset; size--)
        assert_int_equal(elf_parse(&image, size, &parsed, why, sizeof(why)),
                         -PARAPET_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_alone, set_up),
        cmocka_unit_test_setup(test_alone_aligned_to_eight, set_up),
        cmocka_unit_test_setup(test_after_property, set_up),
        cmocka_unit_test_setup(test_before_property, set_up),
        cmocka_unit_test_setup(test_between_build_id_and_property, set_up),
        cmocka_unit_test_setup(test_between_property_and_build_id, set_up),
        cmocka_unit_test_setup(test_aligned_to_eight_after_property, set_up),
        cmocka_unit_test_setup(test_after_build_id, set_up),
        cmocka_unit_test_setup(test_after_another_vendors, set_up),
        cmocka_unit_test_setup(test_property_in_a_segment_of_its_own, set_up),
        cmocka_unit_test_setup(test_empty_segments, set_up),
        cmocka_unit_test_setup(test_second_in_another_segment, set_up),
        cmocka_unit_test_setup(test_property_alone, set_up),
        cmocka_unit_test_setup(test_cut, set_up),
        cmocka_unit_test_setup(test_end_of_file, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

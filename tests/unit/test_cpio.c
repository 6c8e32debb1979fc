/* SPDX-License-Identifier: MIT
 *
 * guest-kernel/fs/cpio.c: what a good archive yields, and that no bad one
 * makes it read outside the archive. Every archive is parsed in a block of
 * exactly its size, so that the address sanitizer sees the first byte too far.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest-kernel/fs/cpio.h"

#define HEADER_SIZE 110
#define FIELD_MODE 1
#define FIELD_FILE_SIZE 6
#define FIELD_NAME_SIZE 11
#define MAX_ARCHIVE 4096

struct archive {
    char bytes[MAX_ARCHIVE];
    size_t size;
};

static void add_bytes(struct archive *archive, const void *bytes, size_t size)
{
    assert_true(archive->size + size <= MAX_ARCHIVE);
    memcpy(archive->bytes + archive->size, bytes, size);
    archive->size += size;
    while (archive->size % 4 != 0)
        archive->bytes[archive->size++] = '\0';
}

/* Returns the offset of the entry's header. */
static size_t add_entry(struct archive *archive, const char *name,
                        unsigned int mode, const char *data, size_t size)
{
    size_t at = archive->size, name_size = strlen(name) + 1;
    char header[HEADER_SIZE + 256];

    assert_true(name_size <= 256);
    snprintf(header, sizeof(header),
             "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", 7,
             mode, 0, 0, 1, 1234, size, 0, 0, 0, 0, name_size, 0);
    memcpy(header + HEADER_SIZE, name, name_size);
    add_bytes(archive, header, HEADER_SIZE + name_size);
    add_bytes(archive, data, size);
    return at;
}

static void add_trailer(struct archive *archive)
{
    add_entry(archive, "TRAILER!!!", 0, "", 0);
}

static void set_field(struct archive *archive, size_t header, size_t field,
                      const char *digits)
{
    memcpy(archive->bytes + header + 6 + field * 8, digits, 8);
}

static void make_sample(struct archive *archive)
{
    archive->size = 0;
    add_entry(archive, "etc", 0040755, "", 0);
    add_entry(archive, "etc/motd", 0100644, "hello\n", 6);
    add_entry(archive, "empty", 0100600, "", 0);
    add_entry(archive, "four", 0100644, "1234", 4);
    add_trailer(archive);
}

/*
 * Parses size bytes to the end, touching all that the entries promise, and
 * returns how it ended.
 */
static enum cpio_result parse(const void *bytes, size_t size,
                              unsigned int *nr_entries)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    uint8_t *exact = size > 0 ? realloc(copy, size) : copy;
    volatile uint8_t sum = 0;
    enum cpio_result result;
    struct cpio_entry entry;
    struct cpio cpio;

    assert_non_null(exact);
    memcpy(exact, bytes, size);
    cpio_open(&cpio, exact, size);
    for (*nr_entries = 0;; ++*nr_entries) {
        size_t before = cpio.offset;

        result = cpio_next(&cpio, &entry);
        assert_true(cpio.offset <= size);
        if (result != CPIO_ENTRY)
            break;
        assert_true(cpio.offset >= before + HEADER_SIZE);
        assert_true(strlen(entry.name) > 0);
        for (size_t i = 0; i < entry.size; i++)
            sum = (uint8_t)(sum + entry.data[i]);
    }
    assert_non_null(cpio_result_text(result));
    free(exact);
    return result;
}

static enum cpio_result parse_archive(const struct archive *archive)
{
    unsigned int nr_entries;

    return parse(archive->bytes, archive->size, &nr_entries);
}

static void expect(struct cpio *cpio, const char *name, uint32_t mode,
                   const char *data)
{
    struct cpio_entry entry;

    assert_int_equal(cpio_next(cpio, &entry), CPIO_ENTRY);
    assert_string_equal(entry.name, name);
    assert_int_equal(entry.mode, mode);
    assert_int_equal(entry.mtime, 1234);
    assert_int_equal(entry.size, strlen(data));
    assert_memory_equal(entry.data, data, entry.size);
    assert_int_equal(cpio_is_directory(&entry), (mode & 0170000) == 0040000);
    assert_int_equal(cpio_is_file(&entry), (mode & 0170000) == 0100000);
}

static void test_entries(void **state)
{
    struct cpio_entry entry;
    struct archive archive;
    struct cpio cpio;

    (void)state;
    make_sample(&archive);
    cpio_open(&cpio, archive.bytes, archive.size);
    expect(&cpio, "etc", 0040755, "");
    expect(&cpio, "etc/motd", 0100644, "hello\n");
    expect(&cpio, "empty", 0100600, "");
    expect(&cpio, "four", 0100644, "1234");
    assert_int_equal(cpio_next(&cpio, &entry), CPIO_END);
    /* The end stays the end. */
    assert_int_equal(cpio_next(&cpio, &entry), CPIO_END);
}

static void test_padding_and_magic(void **state)
{
    struct archive archive = {.size = 0};
    size_t at;

    (void)state;
    add_trailer(&archive);
    memset(archive.bytes + archive.size, 0, 512);
    archive.size += 512; /* cpio(1) fills its last block */
    assert_int_equal(parse_archive(&archive), CPIO_END);

    archive.size = 0;
    at = add_entry(&archive, "x", 0100644, "data", 4);
    add_trailer(&archive);
    memcpy(archive.bytes + at, "070702", 6); /* with a checksum */
    assert_int_equal(parse_archive(&archive), CPIO_END);
    memcpy(archive.bytes + at, "070707", 6); /* the old portable format */
    assert_int_equal(parse_archive(&archive), CPIO_BAD_MAGIC);
}

/* An archive that was cut off yields its whole entries and then says so. */
static void test_every_truncation(void **state)
{
    unsigned int nr_whole, nr_entries;
    struct archive archive;
    size_t size;

    (void)state;
    make_sample(&archive);
    assert_int_equal(parse(archive.bytes, archive.size, &nr_whole), CPIO_END);
    assert_int_equal(nr_whole, 4);
    /* The last byte of the trailer's padding is the only one to spare. */
    for (size = 0; size + 4 <= archive.size; size++) {
        assert_int_equal(parse(archive.bytes, size, &nr_entries),
                         CPIO_TRUNCATED);
        assert_true(nr_entries <= nr_whole);
    }
}

static void test_empty(void **state)
{
    struct cpio_entry entry;
    struct cpio cpio;

    (void)state;
    cpio_open(&cpio, NULL, 0);
    assert_int_equal(cpio_next(&cpio, &entry), CPIO_TRUNCATED);
}

static void test_numbers(void **state)
{
    static const char *const bad[] = {
        "0000000g", "0x000004", "-0000004", "        ", "+0000004", "0000000@",
    };
    struct archive archive;
    size_t i, at;

    (void)state;
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        archive.size = 0;
        at = add_entry(&archive, "x", 0100644, "data", 4);
        add_trailer(&archive);
        set_field(&archive, at, FIELD_FILE_SIZE, bad[i]);
        assert_int_equal(parse_archive(&archive), CPIO_BAD_NUMBER);
    }
    archive.size = 0;
    at = add_entry(&archive, "x", 0100644, "0123456789a", 11);
    add_trailer(&archive);
    set_field(&archive, at, FIELD_FILE_SIZE, "0000000B"); /* upper case too */
    assert_int_equal(parse_archive(&archive), CPIO_END);
}

static enum cpio_result with_name_size(const char *digits)
{
    struct archive archive = {.size = 0};
    size_t at = add_entry(&archive, "name", 0100644, "data", 4);

    add_trailer(&archive);
    set_field(&archive, at, FIELD_NAME_SIZE, digits);
    return parse_archive(&archive);
}

static void test_names(void **state)
{
    (void)state;
    assert_int_equal(with_name_size("00000005"), CPIO_END);
    assert_int_equal(with_name_size("00000000"), CPIO_BAD_NAME);
    assert_int_equal(with_name_size("00000001"), CPIO_BAD_NAME);
    /* The NUL must be the last byte: neither missing nor in the middle. */
    assert_int_equal(with_name_size("00000004"), CPIO_BAD_NAME);
    assert_int_equal(with_name_size("00000006"), CPIO_BAD_NAME);
    assert_int_equal(with_name_size("000000ff"), CPIO_TRUNCATED);
    assert_int_equal(with_name_size("7fffffff"), CPIO_TRUNCATED);
    assert_int_equal(with_name_size("ffffffff"), CPIO_TRUNCATED);
}

static enum cpio_result with_file_size(const char *digits)
{
    struct archive archive = {.size = 0};
    size_t at = add_entry(&archive, "name", 0100644, "data", 4);

    set_field(&archive, at, FIELD_FILE_SIZE, digits);
    return parse_archive(&archive);
}

static void test_file_sizes(void **state)
{
    (void)state;
    /* It is the last entry: what is missing is the trailer, or the file. */
    assert_int_equal(with_file_size("00000004"), CPIO_TRUNCATED);
    assert_int_equal(with_file_size("00000005"), CPIO_TRUNCATED);
    assert_int_equal(with_file_size("fffffff0"), CPIO_TRUNCATED);
    assert_int_equal(with_file_size("ffffffff"), CPIO_TRUNCATED);
}

/* Damage of one to four bytes anywhere: any result, but no bad access. */
static void test_random_damage(void **state)
{
    static const char digits[] = "0123456789abcdefF\0/";
    uint64_t random = 20240607;
    unsigned int nr_entries, round, nr_ended = 0;
    struct archive archive;

    (void)state;
    for (round = 0; round < 20000; round++) {
        uint64_t i, nr = unit_random(&random) % 4 + 1;

        make_sample(&archive);
        for (i = 0; i < nr; i++)
            archive.bytes[unit_random(&random) % archive.size] =
                digits[unit_random(&random) % sizeof(digits)];
        if (parse(archive.bytes, archive.size, &nr_entries) == CPIO_END)
            nr_ended++;
    }
    /* Some damage does not matter, some does: both were tried. */
    assert_int_in_range(nr_ended, 1, 19999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_padding_and_magic),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_file_sizes),
        cmocka_unit_test(test_random_damage),
    };

    return cmocka_run_group_tests_name("fs/cpio", tests, NULL, NULL);
}

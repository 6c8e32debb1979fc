/* SPDX-License-Identifier: MIT
 *
 * lib/string.c against the C library and against byte-by-byte models, over
 * all small sizes, alignments and overlaps.
 */
#include "tests/unit/unit.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/macros.h"

/* The C library's functions, by names that lib_names.h leaves alone. */
static int (*const libc_memcmp)(const void *, const void *, size_t) = memcmp;
static int (*const libc_strcmp)(const char *, const char *) = strcmp;
static int (*const libc_strncmp)(const char *, const char *, size_t) = strncmp;
static unsigned long (*const libc_strtoul)(const char *, char **,
                                           int) = strtoul;

#include "tests/unit/lib_names.h"

#include "lib/string.h"

#define MAX_SIZE 100
#define MAX_SHIFT 40
/* Room for the largest move at the largest shift, with margins to watch. */
#define ROOM (MAX_SIZE + 2 * MAX_SHIFT + 32)

static void fill(uint8_t *bytes, size_t size, uint8_t first)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(first + 7 * i);
}

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

/* expected = before, with the bytes at from moved to to. */
static void model_move(uint8_t *expected, const uint8_t *before, size_t to,
                       size_t from, size_t size)
{
    for (size_t i = 0; i < ROOM; i++)
        expected[i] = before[i];
    for (size_t i = 0; i < size; i++)
        expected[to + i] = before[from + i];
}

static void check_move(size_t to, size_t from, size_t size)
{
    uint8_t before[ROOM], expected[ROOM], bytes[ROOM];

    fill(before, ROOM, 3);
    fill(bytes, ROOM, 3);
    model_move(expected, before, to, from, size);
    assert_ptr_equal(memmove(bytes + to, bytes + from, size), bytes + to);
    assert_int_equal(libc_memcmp(bytes, expected, ROOM), 0);
}

static void test_memmove(void **state)
{
    (void)state;
    for (size_t size = 0; size <= MAX_SIZE; size++) {
        for (size_t to = 0; to <= 2 * MAX_SHIFT; to++) {
            check_move(to, MAX_SHIFT, size);
            check_move(to, MAX_SHIFT + 5, size);
        }
    }
}

static void test_memcpy(void **state)
{
    uint8_t source[ROOM], bytes[ROOM];

    (void)state;
    fill(source, ROOM, 1);
    for (size_t size = 0; size <= MAX_SIZE; size++) {
        for (size_t shift = 0; shift < 64; shift++) {
            size_t to = shift % 8 + 8, from = shift / 8;

            fill(bytes, ROOM, 200);
            assert_ptr_equal(memcpy(bytes + to, source + from, size),
                             bytes + to);
            assert_int_equal(libc_memcmp(bytes + to, source + from, size), 0);
            assert_int_equal(bytes[to - 1], (uint8_t)(200 + 7 * (to - 1)));
            assert_int_equal(bytes[to + size],
                             (uint8_t)(200 + 7 * (to + size)));
        }
    }
}

static void test_memset(void **state)
{
    uint8_t bytes[ROOM];

    (void)state;
    for (size_t size = 0; size <= MAX_SIZE; size++) {
        for (size_t to = 8; to < 16; to++) {
            fill(bytes, ROOM, 1);
            assert_ptr_equal(memset(bytes + to, 0x5a5, size), bytes + to);
            for (size_t i = 0; i < ROOM; i++) {
                bool inside = i >= to && i < to + size;

                assert_int_equal(bytes[i],
                                 inside ? 0xa5 : (uint8_t)(1 + 7 * i));
            }
        }
    }
}

static void test_memcmp(void **state)
{
    uint8_t a[ROOM], b[ROOM];

    (void)state;
    for (size_t size = 0; size <= 40; size++) {
        for (size_t at = 0; at < 41; at++) {
            fill(a, ROOM, 100);
            fill(b, ROOM, 100);
            b[at] ^= 0x80;
            assert_int_equal(sign(memcmp(a, b, size)),
                             sign(libc_memcmp(a, b, size)));
            assert_int_equal(sign(memcmp(b, a, size)),
                             sign(libc_memcmp(b, a, size)));
        }
    }
}

static void test_memchr(void **state)
{
    static const char text[] = "abc\0b\xff";

    (void)state;
    assert_ptr_equal(memchr(text, 'b', sizeof(text)), text + 1);
    assert_ptr_equal(memchr(text, 0, sizeof(text)), text + 3);
    assert_ptr_equal(memchr(text, 0xff, sizeof(text)), text + 5);
    assert_ptr_equal(memchr(text, -1, sizeof(text)), text + 5);
    assert_null(memchr(text, 'c', 2));
    assert_null(memchr(text, 'a', 0));
}

static void test_lengths(void **state)
{
    (void)state;
    assert_int_equal(strlen(""), 0);
    assert_int_equal(strlen("parapet"), 7);
    assert_int_equal(strnlen("parapet", 100), 7);
    assert_int_equal(strnlen("parapet", 3), 3);
    assert_int_equal(strnlen("parapet", 0), 0);
}

static void test_compare(void **state)
{
    static const char *const words[] = {"",    "a",    "ab",    "abc",   "abd",
                                        "abD", "abcd", "\x7fz", "\x80z", "b"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(words); j++) {
            assert_int_equal(sign(strcmp(words[i], words[j])),
                             sign(libc_strcmp(words[i], words[j])));
            for (size_t limit = 0; limit < 6; limit++) {
                assert_int_equal(sign(strncmp(words[i], words[j], limit)),
                                 sign(libc_strncmp(words[i], words[j], limit)));
            }
        }
    }
}

static void test_find(void **state)
{
    static const char text[] = "a/b/c";

    (void)state;
    assert_ptr_equal(strchr(text, '/'), text + 1);
    assert_ptr_equal(strrchr(text, '/'), text + 3);
    assert_ptr_equal(strchr(text, 0), text + 5);
    assert_ptr_equal(strrchr(text, 0), text + 5);
    assert_ptr_equal(strchr(text, 'a' + 256), text);
    assert_null(strchr(text, 'x'));
    assert_null(strrchr(text, 'x'));
}

static void test_strtoul(void **state)
{
    static const char *const texts[] = {
        "0",
        "42",
        "  \t\n42",
        "+7",
        "-7",
        "0x10",
        "0X1fG",
        "010",
        "08",
        "0x",
        "0xg",
        "-0x10",
        "",
        " ",
        "-",
        "+-1",
        "z",
        "zz9",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999999",
        "-18446744073709551616",
        "0xffffffffffffffff",
        "0x10000000000000000",
        "123abc",
        "0777777777777777777777",
        "12 34",
    };
    static const int bases[] = {0, 2, 8, 10, 16, 36};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(bases); j++) {
            char *end, *expected_end;
            unsigned long expected =
                libc_strtoul(texts[i], &expected_end, bases[j]);

            assert_true(strtoul(texts[i], &end, bases[j]) == expected);
            assert_ptr_equal(end, expected_end);
        }
    }
    assert_true(strtoul("99", NULL, 10) == 99);
}

static void test_string_copy(void **state)
{
    char buffer[8] = "@@@@@@@";

    (void)state;
    assert_false(string_copy(buffer, 0, "abc"));
    assert_int_equal(buffer[0], '@');
    assert_true(string_copy(buffer, 4, "abc"));
    assert_string_equal(buffer, "abc");
    assert_int_equal(buffer[4], '@');
    assert_false(string_copy(buffer, 4, "wxyz"));
    assert_string_equal(buffer, "wxy");
    assert_false(string_copy(buffer, 1, "q"));
    assert_string_equal(buffer, "");
    assert_true(string_copy(buffer, 1, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memcpy),  cmocka_unit_test(test_memmove),
        cmocka_unit_test(test_memset),  cmocka_unit_test(test_memcmp),
        cmocka_unit_test(test_memchr),  cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_compare), cmocka_unit_test(test_find),
        cmocka_unit_test(test_strtoul), cmocka_unit_test(test_string_copy),
    };

    return cmocka_run_group_tests_name("lib/string", tests, NULL, NULL);
}

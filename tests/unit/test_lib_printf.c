/* SPDX-License-Identifier: MIT
 *
 * lib/printf.c against the C library's snprintf, over every combination of
 * flags, widths, precisions, lengths and letters on telling values.
 */
#include "tests/unit/unit.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/macros.h"
#include "lib/printf.h"

#define BUFFER_SIZE 256

static const char *const widths[] = {"", "1", "2", "5", "12", "40"};
static const char *const precisions[] = {"", ".", ".0", ".1", ".5", ".30"};

/* Checks text, length and the bytes after the end. */
#define CHECK_LIKE_LIBC(...)                                                   \
    do {                                                                       \
        char actual[BUFFER_SIZE], expected[BUFFER_SIZE];                       \
        int actual_length, expected_length;                                    \
                                                                               \
        memset(actual, '@', sizeof(actual));                                   \
        memset(expected, '@', sizeof(expected));                               \
        actual_length = string_format(actual, sizeof(actual), __VA_ARGS__);    \
        expected_length = snprintf(expected, sizeof(expected), __VA_ARGS__);   \
        assert_string_equal(actual, expected);                                 \
        assert_int_equal(actual_length, expected_length);                      \
        assert_memory_equal(actual, expected, sizeof(actual));                 \
    } while (0)

/* The flags of the set bits of index, of those in all. */
static void make_flags(char *flags, const char *all, unsigned int index)
{
    for (; *all != '\0'; all++, index >>= 1) {
        if ((index & 1) != 0)
            *flags++ = *all;
    }
    *flags = '\0';
}

static void check_integers(const char *format, const char *length)
{
    static const uint64_t values[] = {
        0,
        1,
        9,
        10,
        127,
        128,
        255,
        256,
        32767,
        32768,
        65535,
        INT_MAX,
        0x80000000,
        UINT_MAX,
        0x100000000,
        INT64_MAX,
        (uint64_t)INT64_MIN,
        UINT64_MAX,
        UINT64_MAX - 9,
        0xdeadbeef,
        0123456701234567012345,
    };

    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        if (strcmp(length, "l") == 0)
            CHECK_LIKE_LIBC(format, (long)values[i]);
        else if (strcmp(length, "ll") == 0)
            CHECK_LIKE_LIBC(format, (long long)values[i]);
        else if (strcmp(length, "z") == 0)
            CHECK_LIKE_LIBC(format, (size_t)values[i]);
        else
            CHECK_LIKE_LIBC(format, (int)values[i]);
    }
}

static void check_letter(const char *all_flags, char letter)
{
    static const char *const lengths[] = {"hh", "h", "", "l", "ll", "z"};
    unsigned int nr_flags = 1u << strlen(all_flags);
    char flags[8], format[64];

    for (unsigned int f = 0; f < nr_flags; f++) {
        make_flags(flags, all_flags, f);
        for (size_t w = 0; w < ARRAY_SIZE(widths); w++) {
            for (size_t p = 0; p < ARRAY_SIZE(precisions); p++) {
                for (size_t l = 0; l < ARRAY_SIZE(lengths); l++) {
                    snprintf(format, sizeof(format), "<%%%s%s%s%s%c>", flags,
                             widths[w], precisions[p], lengths[l], letter);
                    check_integers(format, lengths[l]);
                }
            }
        }
    }
}

static void test_signed(void **state)
{
    (void)state;
    check_letter("-0+ ", 'd');
    check_letter("-+", 'i');
}

static void test_unsigned(void **state)
{
    (void)state;
    check_letter("-0", 'u');
    check_letter("-0#", 'x');
    check_letter("-0#", 'X');
    check_letter("-0#", 'o');
}

static void test_strings(void **state)
{
    static const char *const strings[] = {"", "a", "parapet", "ten letters"};
    char format[64];

    (void)state;
    for (size_t w = 0; w < ARRAY_SIZE(widths); w++) {
        for (size_t p = 0; p < ARRAY_SIZE(precisions); p++) {
            for (size_t s = 0; s < 2 * ARRAY_SIZE(strings); s++) {
                snprintf(format, sizeof(format), "<%%%s%s%ss>",
                         s % 2 != 0 ? "-" : "", widths[w], precisions[p]);
                CHECK_LIKE_LIBC(format, strings[s / 2]);
            }
        }
    }
}

static void test_string_not_terminated(void **state)
{
    const char text[3] = {'a', 'b', 'c'};

    (void)state;
    CHECK_LIKE_LIBC("%.3s|%.*s", text, 2, text);
}

static void test_characters(void **state)
{
    (void)state;
    CHECK_LIKE_LIBC("%c%c|%5c|%-5c|%%", 'a', 'b', 'c', 'd');
    CHECK_LIKE_LIBC("100%% of %d%%", 100);
    CHECK_LIKE_LIBC("nothing");
    CHECK_LIKE_LIBC("%s", "");
}

static void test_stars(void **state)
{
    (void)state;
    CHECK_LIKE_LIBC("<%*d>", 8, 42);
    CHECK_LIKE_LIBC("<%*d>", -8, 42);
    CHECK_LIKE_LIBC("<%0*x>", 8, 42u);
    CHECK_LIKE_LIBC("<%.*d>", 5, 42);
    CHECK_LIKE_LIBC("<%.*s>", -1, "whole");
    CHECK_LIKE_LIBC("<%*.*s|%d>", 8, 2, "parapet", 7);
}

static void test_mixed(void **state)
{
    (void)state;
    CHECK_LIKE_LIBC("%s: %d of %lu, %#llx %zu %hhu%c", "d1v0", -1, 2ul, 3ull,
                    (size_t)4, (unsigned char)5, '!');
}

static void test_pointers(void **state)
{
    char text[BUFFER_SIZE];

    (void)state;
    CHECK_LIKE_LIBC("%p %20p %-20p|", (void *)text, (void *)text, (void *)text);
    /* glibc says (nil) here; we do not. */
    string_format(text, sizeof(text), "%p|%5p", NULL, NULL);
    assert_string_equal(text, "0x0|  0x0");
}

static void test_null_string(void **state)
{
    const char *volatile none = NULL;
    char text[BUFFER_SIZE];

    (void)state;
    string_format(text, sizeof(text), "%s|%8s|%.3s", none, none, none);
    assert_string_equal(text, "(null)|  (null)|(nu");
}

/* volatile hides the format from the compiler, which knows better. */
static void test_unknown_conversion(void **state)
{
    static const char *volatile formats[] = {"%d: %y %d", "%d: %", "%d: %lf%s",
                                             "%d: %-08"};
    static const char *const expected[] = {"7: %y %d", "7: %", "7: %lf%s",
                                           "7: %-08"};
    char text[BUFFER_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        const char *format = formats[i];

        string_format(text, sizeof(text), format, 7);
        assert_string_equal(text, expected[i]);
    }
}

static void test_cut(void **state)
{
    char text[16];

    (void)state;
    for (size_t size = 0; size < sizeof(text); size++) {
        memset(text, '@', sizeof(text));
        assert_int_equal(string_format(text, size, "%s-%05d", "abc", 42), 9);
        if (size > 0) {
            size_t length = MIN(size - 1, 9);

            assert_memory_equal(text, "abc-00042", length);
            assert_int_equal(text[length], '\0');
        }
        assert_int_equal(text[size], '@');
    }
}

/* A width so large that it has to be emitted in many pieces. */
static void test_wide(void **state)
{
    char text[8];

    (void)state;
    assert_int_equal(string_format(text, sizeof(text), "%100000d", 1), 100000);
    assert_string_equal(text, "       ");
    assert_int_equal(string_format(text, sizeof(text), "%.9999x", 1u), 9999);
    assert_string_equal(text, "0000000");
}

struct record {
    char text[64];
    size_t length;
};

static void record_put(void *ctx, const char *text, size_t size)
{
    struct record *record = ctx;

    assert_true(size > 0);
    assert_true(size < sizeof(record->text) - record->length);
    memcpy(record->text + record->length, text, size);
    record->length += size;
}

__attribute__((format(printf, 2, 3))) static void
format_record(struct record *record, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    format_to(record_put, record, format, args);
    va_end(args);
}

static void test_sink(void **state)
{
    struct record record = {.length = 0};

    (void)state;
    format_record(&record, "%s%-4d%s|%20s|", "a", 5, "", "b");
    assert_string_equal(record.text, "a5   |                   b|");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signed),
        cmocka_unit_test(test_unsigned),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_string_not_terminated),
        cmocka_unit_test(test_characters),
        cmocka_unit_test(test_stars),
        cmocka_unit_test(test_mixed),
        cmocka_unit_test(test_pointers),
        cmocka_unit_test(test_null_string),
        cmocka_unit_test(test_unknown_conversion),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_wide),
        cmocka_unit_test(test_sink),
    };

    return cmocka_run_group_tests_name("lib/printf", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * hypervisor/base/console_filter.c: no byte gets out that a terminal obeys, no
 * line begins without the prefix, and what is shown is all that was taken.
 */
#include "tests/unit/unit.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hypervisor/base/console_filter.h"

#define PREFIX "d2| "

/* Shows all of it, in as many calls as that takes, with so much room each. */
static void show(const char *bytes, size_t nr_bytes, size_t room, char *out,
                 size_t out_size)
{
    bool line_begins = true;
    size_t used = 0;

    while (nr_bytes > 0) {
        /* Of its very size, so that the sanitizer sees a byte too many. */
        char *text = malloc(room);
        struct console_shown shown = {.text = text, .room = room};
        size_t taken =
            console_filter(PREFIX, &line_begins, bytes, nr_bytes, &shown);

        assert_in_range(taken, 1, nr_bytes);
        assert_in_range(shown.size, 1, room);
        assert_true(used + shown.size < out_size);
        memcpy(out + used, text, shown.size);
        free(text);
        used += shown.size;
        bytes += taken;
        nr_bytes -= taken;
    }
    out[used] = '\0';
}

static void check(const char *bytes, const char *expected)
{
    static const size_t rooms[] = {CONSOLE_SHOWN_MIN, CONSOLE_SHOWN_MIN + 1, 37,
                                   320};
    char out[4096];

    for (size_t i = 0; i < sizeof(rooms) / sizeof(*rooms); i++) {
        show(bytes, strlen(bytes), rooms[i], out, sizeof(out));
        assert_string_equal(out, expected);
    }
}

static void test_text(void **state)
{
    (void)state;
    check("", "");
    check("a", "d2| a");
    check("one\ntwo\n", "d2| one\nd2| two\n");
    check("\n\n", "d2| \nd2| \n");
    check("a\tb ~", "d2| a\tb ~");
}

static void test_bytes_that_steer(void **state)
{
    (void)state;
    check("\033[2J", "d2| ^[[2J");
    check("a\rb\b\177", "d2| a^Mb^H^?");
    check("\001\037", "d2| ^A^_");
    check("\233H\205", "d2| \\x9bH\\x85");
    check("\303\244\302\233\377\240", "d2| \\xc3\\xa4\\xc2\\x9b\\xff\\xa0");
}

static void test_zero_byte(void **state)
{
    char out[16];

    (void)state;
    show("a\0b", 3, CONSOLE_SHOWN_MIN, out, sizeof(out));
    assert_string_equal(out, "d2| a^@b");
}

/* A write goes on where the one before it ended. */
static void test_open_line(void **state)
{
    char text[64];
    struct console_shown shown = {.text = text, .room = sizeof(text)};
    bool line_begins = false;

    (void)state;
    assert_int_equal(console_filter(PREFIX, &line_begins, "x\ny", 3, &shown),
                     3);
    assert_memory_equal(text, "x\nd2| y", shown.size);
    assert_int_equal(shown.size, 7);
    assert_false(line_begins);
    assert_int_equal(console_filter(PREFIX, &line_begins, "\n", 1, &shown), 1);
    assert_int_equal(shown.size, 1);
    assert_true(line_begins);
}

/* Too little room for any byte with the longest prefix: none is lost. */
static void test_no_room(void **state)
{
    char text[CONSOLE_SHOWN_MIN - 1];
    struct console_shown shown = {.text = text, .room = sizeof(text)};
    bool line_begins = true;

    (void)state;
    assert_int_equal(console_filter(PREFIX, &line_begins, "x", 1, &shown), 0);
    assert_int_equal(shown.size, 0);
    assert_true(line_begins);
}

static void check_shown(const char *text)
{
    const char *line = text;

    for (const char *c = text; *c != '\0'; c++) {
        assert_true((*c >= ' ' && *c <= '~') || *c == '\t' || *c == '\n');
        if (c == line)
            assert_memory_equal(c, PREFIX, strlen(PREFIX));
        if (*c == '\n')
            line = c + 1;
    }
}

static void test_any_bytes(void **state)
{
    uint64_t random_state = 1;
    char bytes[512], out[8 * sizeof(bytes) + 1];

    (void)state;
    for (int round = 0; round < 2000; round++) {
        for (size_t i = 0; i < sizeof(bytes); i++) {
            bytes[i] = (char)unit_random(&random_state);
            if (unit_random(&random_state) % 8 == 0)
                bytes[i] = '\n';
        }
        show(bytes, sizeof(bytes),
             CONSOLE_SHOWN_MIN + unit_random(&random_state) % 300, out,
             sizeof(out));
        check_shown(out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_bytes_that_steer),
        cmocka_unit_test(test_zero_byte),
        cmocka_unit_test(test_open_line),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_any_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

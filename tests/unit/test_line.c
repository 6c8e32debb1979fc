/* SPDX-License-Identifier: MIT
 *
 * guest-kernel/monitor/line.c with a console of strings.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "guest-kernel/monitor/line.h"
#include "guest-kernel/tty/console.h"

static const char *input;
static char output[1024];
static size_t output_size;

char console_get(void)
{
    assert_true(*input != '\0');
    return *input++;
}

void console_put(const char *text, size_t size)
{
    assert_true(output_size + size < sizeof(output));
    memcpy(output + output_size, text, size);
    output_size += size;
    output[output_size] = '\0';
}

/* Types keys, and expects all of them to be read. */
static void type(const char *keys, enum line_result result, const char *line,
                 const char *echo)
{
    char buffer[16];

    input = keys;
    output_size = 0;
    output[0] = '\0';
    assert_int_equal(line_read(buffer, sizeof(buffer)), result);
    assert_int_equal(strlen(input), 0);
    if (line != NULL)
        assert_string_equal(buffer, line);
    if (echo != NULL)
        assert_string_equal(output, echo);
}

static void test_ends(void **state)
{
    (void)state;
    type("ls\n", LINE_READ, "ls", "ls\n");
    type("\n", LINE_READ, "", "\n");
    type("ls\r", LINE_READ, "ls", "ls\n");
    type("\nls\r", LINE_READ, "ls", "ls\n"); /* the LF of the last CR */
    type("\r", LINE_READ, "", "\n");
    type("a\n", LINE_READ, "a", "a\n");
    type("\n", LINE_READ, "", "\n"); /* no CR before: a line of its own */
}

static void test_erase(void **state)
{
    (void)state;
    type("lx\bs\n", LINE_READ, "ls", "lx\b \bs\n");
    type("lx\177s\n", LINE_READ, "ls", "lx\b \bs\n");
    type("\b\177ls\n", LINE_READ, "ls", "ls\n");
    type("ab\025ls\n", LINE_READ, "ls", "ab\b \b\b \bls\n");
    /* One key for a character of two bytes. */
    type("x\303\251\177y\n", LINE_READ, "xy", "x\303\251\b \by\n");
}

static void test_control(void **state)
{
    (void)state;
    type("abc\003", LINE_GIVEN_UP, NULL, "abc^C\n");
    type("\004", LINE_END, NULL, "");
    type("ab\004", LINE_READ, "ab", "ab\n"); /* not on an empty line */
    type("\033\004", LINE_END, NULL, "");
    type("\033[1\004", LINE_END, NULL, "");
    type("\033\033[A\033[\033[B\004", LINE_END, NULL, "");
    type("a\001\tb\n", LINE_READ, "ab", "ab\n");
    type("\033[A\033[1;5Cls\033x\n", LINE_READ, "ls", "ls\n");
}

static void test_long(void **state)
{
    (void)state;
    type("123456789012345\n", LINE_READ, "123456789012345", NULL);
    type("1234567890123456\n", LINE_TOO_LONG, NULL, "123456789012345\n");
    type("1234567890123456\025ls\n", LINE_READ, "ls", NULL);
    type("ls\n", LINE_READ, "ls", "ls\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_erase),
        cmocka_unit_test(test_control),
        cmocka_unit_test(test_long),
    };

    return cmocka_run_group_tests_name("monitor/line", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * guest-kernel/boot/options.c: what the words of a command line mean.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "guest-kernel/boot/options.h"

static struct options parse(const char *text)
{
    static char line[512];
    struct options options;

    (void)snprintf(line, sizeof(line), "%s", text);
    options_parse(line, &options);
    return options;
}

static void words(void **state)
{
    struct options options;

    (void)state;
    options = parse("");
    assert_false(options.monitor);
    assert_string_equal(options.init[0], "/init");
    assert_null(options.init[1]);
    options = parse("  monitor ");
    assert_true(options.monitor);
    assert_false(options.clock_boot);
    options = parse("clock=boot monitor");
    assert_true(options.monitor && options.clock_boot);
    options = parse("monitors console=ttyS0 init=/bin/sh quiet");
    assert_false(options.monitor);
    assert_string_equal(options.init[0], "/bin/sh");
    assert_null(options.ram_disk);
    options = parse("ramblk=8M monitor");
    assert_string_equal(options.ram_disk, "8M");
    assert_null(options.init[1]);
}

static void arguments(void **state)
{
    struct options options = parse("init=/bin/bench  -- -n  3 monitor --");

    (void)state;
    assert_false(options.monitor);
    assert_string_equal(options.init[0], "/bin/bench");
    assert_string_equal(options.init[1], "-n");
    assert_string_equal(options.init[2], "3");
    assert_string_equal(options.init[3], "monitor");
    assert_string_equal(options.init[4], "--");
    assert_null(options.init[5]);
    options = parse("--");
    assert_null(options.init[1]);
}

static void too_many(void **state)
{
    char line[3 + 2 * OPTIONS_MAX_ARGS + 3] = "-- ";
    struct options options;
    unsigned int i;

    (void)state;
    for (i = 0; i < OPTIONS_MAX_ARGS + 1; i++)
        strcat(line, "x ");
    options = parse(line);
    assert_string_equal(options.init[OPTIONS_MAX_ARGS - 1], "x");
    assert_null(options.init[OPTIONS_MAX_ARGS]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(arguments),
        cmocka_unit_test(too_many),
    };

    return cmocka_run_group_tests_name("guest boot/options", tests, NULL, NULL);
}

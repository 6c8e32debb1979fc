/* SPDX-License-Identifier: MIT
 *
 * pctl stat, dmesg, audit.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "abi/errors.h"
#include "abi/exits.h"
#include "abi/hypercall.h"
#include "lib/macros.h"
#include "tests/unit/pctl_fake.h"
#include "user/pctl/histogram.h"
#include "user/pctl/pctl.h"

static struct fake f;

static int setup(void **state)
{
    (void)state;
    fake_init(&f);
    fake_add(&f, 1, "one");
    return 0;
}

/* ---- stat ---- */

static void histogram(void **state)
{
    uint64_t b[PARAPET_NR_LATENCY_BUCKETS] = {1};

    (void)state;
    assert_int_equal(histogram_ticks(b, 99), 64);
    b[3] = 1;
    assert_int_equal(histogram_samples(b), 2);
    assert_int_equal(histogram_ticks(b, 50), 64);
    assert_int_equal(histogram_ticks(b, 51), 64 << 3);
    b[PARAPET_NR_LATENCY_BUCKETS - 1] = 98;
    assert_int_equal(histogram_ticks(b, 2), 64 << 3);
    assert_int_equal(histogram_ticks(b, 3), 64 << 14);
    assert_int_equal(histogram_ticks(b, 99), 64 << 14);
}

static void stat(void **state)
{
    (void)state;
    fake_find(&f, 1)->nr_vcpus = 2;
    f.counters.hypercalls[PARAPET_HC_iret] = 1000;
    f.counters.exits[PARAPET_EXIT_event] = 3;
    f.counters.hypercalls[PARAPET_HC_yield] = 3;
    f.latency.hypercalls[PARAPET_HC_iret][2] = 1;
    f.latency.exits[PARAPET_EXIT_event][0] = 9;
    f.latency.exits[PARAPET_EXIT_event][4] = 1;
    fake_expect(&f, "stat one", PCTL_DONE,
                "KIND       NAME   COUNT  p50  p90   p99\n"
                "hypercall  iret    2000  256  256   256\n"
                "hypercall  yield      6    -    -     -\n"
                "exit       event      6   64   64  1024\n",
                "");
    fake_find(&f, 1)->nr_vcpus = 1;
    fake_expect(&f, "stat --json one", PCTL_DONE,
                "[{\"kind\": \"hypercall\", \"name\": \"iret\", \"count\": "
                "1000, \"samples\": 1, \"p50\": 256, \"p90\": 256, \"p99\": "
                "256},\n"
                " {\"kind\": \"hypercall\", \"name\": \"yield\", \"count\": 3, "
                "\"samples\": 0, \"p50\": null, \"p90\": null, \"p99\": "
                "null},\n"
                " {\"kind\": \"exit\", \"name\": \"event\", \"count\": 3, "
                "\"samples\": 10, \"p50\": 64, \"p90\": 64, \"p99\": 1024}]\n",
                "");
}

/* Every name of the ABI has a row. */
static void stat_all(void **state)
{
    (void)state;
    memset(&f.counters, 1, sizeof(f.counters));
    assert_int_equal(fake_run(&f, "stat one"), PCTL_DONE);
#define PARAPET_HYPERCALL(nr, name, ...)                                       \
    assert_non_null(strstr(fake_out, "hypercall  " #name " "));
#include "abi/hypercalls.def"
#undef PARAPET_HYPERCALL
#define PARAPET_EXIT(nr, name, text)                                           \
    assert_non_null(strstr(fake_out, "exit       " #name " "));
#include "abi/exits.def"
#undef PARAPET_EXIT
}

/* ---- dmesg ---- */

static void dmesg(void **state)
{
    static char text[2500], expected[2600];

    (void)state;
    fake_expect(&f, "dmesg", PCTL_DONE, "", "");
    memset(text, 'x', sizeof(text) - 1);
    f.log = text;
    fake_expect(&f, "dmesg", PCTL_DONE, text, "");
    f.log_lost = 70000;
    (void)snprintf(expected, sizeof(expected),
                   "(70000 bytes before this are gone)\n%s", text);
    fake_expect(&f, "dmesg", PCTL_DONE, expected, "");
    f.log = "a \"b\"\n\tc \303\244\033\177";
    fake_expect(&f, "dmesg --json", PCTL_DONE,
                "{\"lost\": 70000, \"text\": \"a \\\"b\\\"\\u000a\\u0009c "
                "??\\u001b?\"}\n",
                "");
}

/* What is in the log may be from a guest, by way of domain 0's own console: it
 * does not steer the terminal. */
static void dmesg_clean(void **state)
{
    (void)state;
    f.log = "d1| ok\n\033[2J\033]0;title\007\ta\rb \302\233c\177\n";
    fake_expect(&f, "dmesg", PCTL_DONE, "d1| ok\n?[2J?]0;title?\ta?b ??c?\n",
                "");
}

static void dmesg_fails(void **state)
{
    (void)state;
    f.fail_call = PARAPET_HC_log_read;
    f.fail_result = -PARAPET_EFAULT;
    fake_expect(&f, "dmesg", PCTL_FAILED, "",
                "pctl: dmesg: the log: a guest pointer is not accessible to "
                "the guest\n");
}

/* What the console shows of it; the log itself is as it was. */
static void dmesg_console(void **state)
{
    static const char *const levels[] = {"err", "warn", "info", "debug"};
    char line[40];

    (void)state;
    f.log = "text\n";
    for (uint32_t i = 0; i < ARRAY_SIZE(levels); i++) {
        f.console_level = UINT32_MAX;
        (void)snprintf(line, sizeof(line), "dmesg --console=%s", levels[i]);
        fake_expect(&f, line, PCTL_DONE, "", "");
        assert_int_equal(f.console_level, i);
    }
    fake_expect(&f, "dmesg --console=error", PCTL_USAGE, "",
                "pctl: dmesg: --console: expected err, warn, info or debug, "
                "got \"error\"\n");
    fake_expect(&f, "dmesg --console", PCTL_USAGE, "",
                "pctl: dmesg: expected --console=LEVEL\n");
    f.fail_call = PARAPET_HC_log_console;
    f.fail_result = -PARAPET_ENOSYS;
    fake_expect(&f, "dmesg --console=err", PCTL_FAILED, "",
                "pctl: dmesg: --console: no hypercall has this number\n");
}

/* ---- audit ---- */

static void audit(void **state)
{
    (void)state;
    fake_expect(&f, "audit", PCTL_DONE,
                "ID  NAME  WRONG\n"
                " 0  dom0      0\n"
                " 1  one       0\n",
                "");
    f.wrong = 12;
    fake_expect(&f, "audit one", PCTL_FAILED,
                "ID  NAME  WRONG\n"
                " 1  one      12\n",
                "");
    fake_expect(&f, "audit one --json", PCTL_FAILED,
                "[{\"id\": 1, \"name\": \"one\", \"wrong\": 12}]\n", "");
    f.wrong = 0;
    fake_expect(&f, "audit one --json", PCTL_DONE,
                "[{\"id\": 1, \"name\": \"one\", \"wrong\": 0}]\n", "");
    f.fail_call = PARAPET_HC_domain_audit;
    f.fail_result = -PARAPET_EPERM;
    fake_expect(&f, "audit one", PCTL_FAILED, "ID  NAME  WRONG\n",
                "pctl: audit: one: the machine was booted without "
                "audit=on\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(histogram),
        cmocka_unit_test_setup(stat, setup),
        cmocka_unit_test_setup(stat_all, setup),
        cmocka_unit_test_setup(dmesg, setup),
        cmocka_unit_test_setup(dmesg_clean, setup),
        cmocka_unit_test_setup(dmesg_fails, setup),
        cmocka_unit_test_setup(dmesg_console, setup),
        cmocka_unit_test_setup(audit, setup),
    };

    return cmocka_run_group_tests_name("pctl, watching", tests, NULL, NULL);
}

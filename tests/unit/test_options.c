/* SPDX-License-Identifier: MIT
 *
 * hypervisor/boot/options.c: the boot line.
 */
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hypervisor/base/log.h"
#include "hypervisor/boot/options.h"
#include "hypervisor/core/device.h"
#include "hypervisor/sched/policy.h"
#include "tests/unit/refusal.h"

const char sched_or_policies[] = " or a or b";

static char log_level[16];
static bool policy_b;
static unsigned int nr_log_calls;

bool log_set_level(const char *name)
{
    nr_log_calls++;
    strncpy(log_level, name, sizeof(log_level) - 1);
    return strcmp(name, "debug") == 0 || strcmp(name, "err") == 0;
}

bool sched_set_policy(const char *name)
{
    policy_b = strcmp(name, "b") == 0;
    return policy_b || strcmp(name, "a") == 0;
}

static struct {
    uint64_t paddr, size, irq;
} announced;
static unsigned int nr_announced;

void device_announce(uint64_t paddr, uint64_t size, uint64_t irq)
{
    announced.paddr = paddr;
    announced.size = size;
    announced.irq = irq;
    nr_announced++;
}

static void parse_copy(void *line)
{
    options_parse(line);
}

/* The line in memory of its very size: ASan sees a read past it. */
static const char *refusal(const char *line)
{
    char *copy = strdup(line);
    const char *text;

    options.poison = false;
    options.clock_follow = true;
    options.panic_test = false;
    options.contained_required = false;
    options.meter = false;
    log_level[0] = '\0';
    nr_log_calls = 0;
    nr_announced = 0;
    text = refusal_of(parse_copy, copy);
    free(copy);
    return text;
}

static void accept(const char *line)
{
    const char *text = refusal(line);

    if (text)
        fail_msg("'%s' was refused: %s", line, text);
}

static void refuse(const char *line, const char *expected)
{
    const char *text = refusal(line);

    if (!text)
        fail_msg("'%s' was accepted", line);
    assert_string_equal(text, expected);
}

static void refuse_unknown(const char *word)
{
    char expected[200];

    (void)snprintf(expected, sizeof(expected),
                   "boot line: unknown word '%s': expected one of log=, "
                   "poison=, panic=, audit=, clock=, contained=, sched=, "
                   "meter=, dom0_crash=, virtio_mmio.device=",
                   word);
    refuse(word, expected);
}

static void test_the_known_words(void **state)
{
    (void)state;
    accept("log=debug");
    assert_string_equal(log_level, "debug");
    accept("poison=on");
    assert_true(options.poison);
    accept("poison=on poison=off");
    assert_false(options.poison);
    accept("panic=test");
    assert_true(options.panic_test);
    assert_true(options.clock_follow);
    accept("clock=boot");
    assert_false(options.clock_follow);
    accept("clock=boot clock=follow");
    assert_true(options.clock_follow);
    accept("contained=require");
    assert_true(options.contained_required);
    accept("contained=require contained=warn");
    assert_false(options.contained_required);
    accept("dom0_crash=keep");
    assert_true(options.dom0_keep);
    accept("dom0_crash=keep dom0_crash=end");
    assert_false(options.dom0_keep);
    accept("sched=b");
    assert_true(policy_b);
    accept("sched=b sched=a");
    assert_false(policy_b);
    accept("meter=on");
    assert_true(options.meter);
    accept("meter=on meter=off");
    assert_false(options.meter);
    accept("poison=on log=err panic=test");
    assert_true(options.poison && options.panic_test);
    assert_string_equal(log_level, "err");
}

static void test_spaces(void **state)
{
    (void)state;
    accept("");
    accept(" ");
    accept("     ");
    assert_int_equal(nr_log_calls, 0);
    accept("  log=err   poison=on  ");
    assert_int_equal(nr_log_calls, 1);
    assert_string_equal(log_level, "err");
    assert_true(options.poison);
}

static void refuse_device(const char *value)
{
    char word[160], expected[320];

    (void)snprintf(word, sizeof(word), "virtio_mmio.device%s", value);
    (void)snprintf(expected, sizeof(expected),
                   "boot line: '%s': expected "
                   "virtio_mmio.device=SIZE@ADDRESS:INTERRUPT",
                   word);
    refuse(word, expected);
    assert_int_equal(nr_announced, 0);
}

static void test_devices(void **state)
{
    (void)state;
    accept("virtio_mmio.device=512@0xfeb00e00:12");
    assert_int_equal(nr_announced, 1);
    assert_int_equal(announced.paddr, 0xfeb00e00);
    assert_int_equal(announced.size, 512);
    assert_int_equal(announced.irq, 12);
    accept("virtio_mmio.device=1@2:3 log=err virtio_mmio.device=0x10@1:0");
    assert_int_equal(nr_announced, 2);
    assert_int_equal(announced.size, 16);
    assert_int_equal(announced.irq, 0);
    /* What is too large is for the one to refuse to whom it is told. */
    accept("virtio_mmio.device=99999999999999999999@0xfffffffffffffffff:5");
    assert_int_equal(announced.size, UINT64_MAX);
    refuse_device("");
    refuse_device("=");
    refuse_device("=512");
    refuse_device("=512@");
    refuse_device("=512@0xfeb00000");
    refuse_device("=512@0xfeb00000:");
    refuse_device("=@0xfeb00000:5");
    refuse_device("=512@:5");
    refuse_device("=-512@0xfeb00000:5");
    refuse_device("=512@+1:5");
    refuse_device("=512K@0xfeb00000:5");
    refuse_device("=512@0xfeb00000:5:0");
    refuse_device("=512@0xfeb00000:5x");
    refuse_device("=512:0xfeb00000@5");
}

static void test_words_for_others(void **state)
{
    (void)state;
    accept("virtio_mmio.devices=512@0xfeb00e00:12");
    assert_int_equal(nr_announced, 0);
    accept("a.b");
    accept(".");
    accept(".=");
    accept("log.x=debug poison.=on");
    assert_int_equal(nr_log_calls, 0);
    assert_false(options.poison);
    accept("x.y=512@0xfeb00e00:12 poison=on");
    assert_true(options.poison);
    /* A dot after the = is no dot in the name. */
    refuse("poison=on.", "boot line: 'poison=on.': expected poison=on or off");
    refuse_unknown("x=a.b");
}

static void test_unknown_words(void **state)
{
    (void)state;
    refuse_unknown("lgo=debug");
    refuse_unknown("quiet");
    refuse_unknown("=");
    refuse_unknown("=on");
    /* Neither the beginning of a name nor one with more after it. */
    refuse_unknown("lo=err");
    refuse_unknown("logs=err");
    refuse_unknown("Log=err");
    refuse("log=err\tpoison=on",
           "boot line: 'log=err\tpoison=on': expected log=err, warn, info or "
           "debug");
}

static void test_bad_values(void **state)
{
    (void)state;
    refuse("sched", "boot line: 'sched': expected sched=a or b");
    refuse("sched=no", "boot line: 'sched=no': expected sched=a or b");
    refuse("log", "boot line: 'log': expected log=err, warn, info or debug");
    refuse("log=", "boot line: 'log=': expected log=err, warn, info or debug");
    refuse("log=no",
           "boot line: 'log=no': expected log=err, warn, info or debug");
    assert_string_equal(log_level, "no");
    refuse("poison", "boot line: 'poison': expected poison=on or off");
    refuse("poison=", "boot line: 'poison=': expected poison=on or off");
    refuse("poison=onn", "boot line: 'poison=onn': expected poison=on or off");
    refuse("poison==on", "boot line: 'poison==on': expected poison=on or off");
    refuse("clock=off",
           "boot line: 'clock=off': expected clock=follow or boot");
    refuse("meter=yes", "boot line: 'meter=yes': expected meter=on or off");
    refuse("dom0_crash=yes",
           "boot line: 'dom0_crash=yes': expected dom0_crash=end or keep");
    refuse("contained=yes",
           "boot line: 'contained=yes': expected contained=warn or require");
    refuse("panic=tes", "boot line: 'panic=tes': expected panic=test");
    /* What stands before the bad word counts, what stands after it does not. */
    refuse("poison=on panic=no log=err",
           "boot line: 'panic=no': expected panic=test");
    assert_true(options.poison);
    assert_int_equal(nr_log_calls, 0);
}

static void test_long_words(void **state)
{
    char line[4096];
    const char *text;

    (void)state;
    memset(line, 'x', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    text = refusal(line);
    assert_non_null(text);
    assert_ptr_equal(strstr(text, "boot line: unknown word 'xxx"), text);
    memcpy(line, "poison=", 7);
    text = refusal(line);
    assert_non_null(text);
    assert_ptr_equal(strstr(text, "boot line: 'poison=xxx"), text);
    memcpy(line, "virtio.", 7);
    accept(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_known_words),
        cmocka_unit_test(test_spaces),
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_words_for_others),
        cmocka_unit_test(test_unknown_words),
        cmocka_unit_test(test_bad_values),
        cmocka_unit_test(test_long_words),
    };

    return cmocka_run_group_tests_name("boot/options", tests, NULL, NULL);
}

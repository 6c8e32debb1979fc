/* SPDX-License-Identifier: MIT
 *
 * guest-kernel/thread/alarm.c: which alarm goes off when, in which order, and
 * those that set themselves again.
 */
#include "tests/unit/unit.h"

#include "guest-kernel/thread/alarm.h"

#define MAX_CALLS 8

static struct alarm alarms[3];
static struct {
    const struct alarm *alarm;
    uint64_t due_ns;
    uint64_t now;
} calls[MAX_CALLS];
static unsigned int nr_calls;

static void note(struct alarm *alarm, uint64_t due_ns, uint64_t now)
{
    assert_true(nr_calls < MAX_CALLS);
    assert_int_equal(alarm->deadline_ns, 0);
    calls[nr_calls].alarm = alarm;
    calls[nr_calls].due_ns = due_ns;
    calls[nr_calls++].now = now;
}

static void note_and_repeat(struct alarm *alarm, uint64_t due_ns, uint64_t now)
{
    note(alarm, due_ns, now);
    alarm_set(alarm, due_ns + 100, note_and_repeat);
}

static void assert_calls(unsigned int first, unsigned int second)
{
    assert_int_equal(nr_calls, 2);
    assert_ptr_equal(calls[0].alarm, &alarms[first]);
    assert_ptr_equal(calls[1].alarm, &alarms[second]);
    nr_calls = 0;
}

static void test_none(void **state)
{
    (void)state;
    assert_true(alarm_next_ns() == UINT64_MAX);
    alarm_expire(UINT64_MAX - 1);
    alarm_stop(&alarms[0]);
    assert_int_equal(nr_calls, 0);
}

/* Those of one time in the order in which they were set. */
static void test_order(void **state)
{
    (void)state;
    alarm_set(&alarms[0], 30, note);
    alarm_set(&alarms[1], 10, note);
    alarm_set(&alarms[2], 30, note);
    assert_int_equal(alarm_next_ns(), 10);
    alarm_expire(9);
    assert_int_equal(nr_calls, 0);
    alarm_expire(10);
    assert_int_equal(nr_calls, 1);
    assert_int_equal(calls[0].due_ns, 10);
    nr_calls = 0;
    assert_int_equal(alarm_next_ns(), 30);
    alarm_expire(35);
    assert_int_equal(calls[1].due_ns, 30);
    assert_int_equal(calls[1].now, 35);
    assert_calls(0, 2);
    assert_true(alarm_next_ns() == UINT64_MAX);
}

static void test_stop(void **state)
{
    (void)state;
    alarm_set(&alarms[0], 10, note);
    alarm_set(&alarms[1], 20, note);
    alarm_set(&alarms[2], 30, note);
    alarm_stop(&alarms[1]);
    alarm_stop(&alarms[1]);
    alarm_expire(30);
    assert_calls(0, 2);
}

/* Late: each of its times is one call. */
static void test_repeat(void **state)
{
    (void)state;
    alarm_set(&alarms[0], 50, note_and_repeat);
    alarm_expire(150);
    assert_int_equal(calls[1].due_ns, 150);
    assert_calls(0, 0);
    assert_int_equal(alarm_next_ns(), 250);
    alarm_stop(&alarms[0]);
    assert_true(alarm_next_ns() == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_repeat),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * guest-kernel/proc/signal_set.c: default actions against what signal(7) says,
 * and sets of pending signals against a plain array.
 */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "guest-kernel/mm/slab.h"
#include "guest-kernel/proc/signal_set.h"

#define NR_STEPS 200000u

static bool has_memory = true;
static unsigned int nr_records;

void *kmalloc(size_t size)
{
    if (!has_memory)
        return NULL;
    nr_records++;
    return malloc(size);
}

void kfree(void *object)
{
    if (object != NULL)
        nr_records--;
    free(object);
}

static void test_defaults(void **state)
{
    static const unsigned int ignored[] = {SIGCHLD, SIGCONT, SIGURG, SIGWINCH};
    static const unsigned int stops[] = {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};
    unsigned int nr_ends = 0, i;

    (void)state;
    for (i = 0; i < 4; i++) {
        assert_int_equal(signal_default(ignored[i]), SIGNAL_IGNORED);
        assert_int_equal(signal_default(stops[i]), SIGNAL_STOPS);
    }
    for (i = 1; i <= NR_SIGNALS; i++)
        nr_ends += signal_default(i) == SIGNAL_ENDS;
    assert_int_equal(nr_ends, NR_SIGNALS - 8);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(signal_name(SIGHUP), "SIGHUP");
    assert_string_equal(signal_name(SIGSEGV), "SIGSEGV");
    assert_string_equal(signal_name(SIGCHLD), "SIGCHLD");
    assert_string_equal(signal_name(SIGSYS), "SIGSYS");
    assert_string_equal(signal_name(64), "a real-time signal");
}

static void test_order(void **state)
{
    struct signal_pending pending = {0};
    struct signal_info info;

    (void)state;
    signal_pending_add(&pending, SIGHUP, NULL);
    signal_pending_add(&pending, 64, NULL);
    signal_pending_add(&pending, SIGSEGV, NULL);
    signal_pending_add(&pending, SIGKILL, NULL);
    assert_int_equal(signal_pending_take(&pending, ~0ul, &info), SIGSEGV);
    assert_int_equal(signal_pending_take(&pending, ~0ul, &info), SIGHUP);
    assert_int_equal(signal_pending_take(&pending, ~signal_bit(SIGKILL), &info),
                     64);
    assert_int_equal(info.number, 64);
    assert_int_equal(info.code, SI_KERNEL);
    assert_int_equal(signal_pending_take(&pending, ~0ul, &info), SIGKILL);
    assert_int_equal(signal_pending_take(&pending, ~0ul, &info), 0);
}

/* The first record of each stays until it is taken or dropped. */
static void test_against_array(void **state)
{
    uint64_t random = 88172645463325252, value[NR_SIGNALS + 1] = {0};
    struct signal_pending pending = {0};
    struct signal_info info;
    unsigned int i, number;

    (void)state;
    for (i = 1; i <= NR_STEPS; i++) {
        number = (unsigned int)(unit_random(&random) % NR_SIGNALS) + 1;
        switch (unit_random(&random) % 8) {
        case 0:
            signal_pending_drop(&pending, signal_bit(number));
            value[number] = 0;
            break;
        case 1:
        case 2:
        case 3:
            assert_int_equal(
                signal_pending_take(&pending, signal_bit(number), &info),
                value[number] != 0 ? number : 0);
            if (value[number] != 0)
                assert_int_equal(info.status, value[number]);
            value[number] = 0;
            break;
        default:
            info =
                (struct signal_info){.code = SI_QUEUE, .status = (uint32_t)i};
            signal_pending_add(&pending, number, &info);
            if (value[number] == 0)
                value[number] = i;
        }
    }
    signal_pending_drop(&pending, ~0ul);
    assert_int_equal(pending.set, 0);
    assert_int_equal(nr_records, 0);
}

static void test_without_memory(void **state)
{
    struct signal_info info = {.code = SI_USER, .pid = 7};
    struct signal_pending pending = {0};

    (void)state;
    has_memory = false;
    signal_pending_add(&pending, SIGTERM, &info);
    has_memory = true;
    assert_int_equal(signal_pending_take(&pending, ~0ul, &info), SIGTERM);
    assert_int_equal(info.code, SI_KERNEL);
    assert_int_equal(info.pid, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_against_array),
        cmocka_unit_test(test_without_memory),
    };

    return cmocka_run_group_tests_name("proc/signal_set", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * hypervisor/core/timers.c beside a plain array: whatever is set, moved and
 * cancelled, the first is the earliest, and all come out in order.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "hypervisor/core/timers.h"

#define NR_TIMERS 100
#define NR_STEPS 20000

static struct timer timer[NR_TIMERS];
static uint64_t expected[NR_TIMERS]; /* 0: not set */
static struct timer *heap[NR_TIMERS + 1];
static struct timers timers;
static uint64_t random_state;

static uint64_t below(uint64_t limit)
{
    return unit_random(&random_state) % limit;
}

static void set(size_t i, uint64_t deadline)
{
    timers_set(&timers, &timer[i], deadline);
    expected[i] = deadline;
}

/* That of the earliest; 0 when none is set. */
static uint64_t earliest(void)
{
    uint64_t first = 0;

    for (size_t i = 0; i < NR_TIMERS; i++) {
        if (expected[i] && (first == 0 || expected[i] < first))
            first = expected[i];
    }
    return first;
}

static void check(void)
{
    const struct timer *first = timers_first(&timers);
    uint32_t nr = 0;

    assert_true(first ? first->deadline == earliest() : earliest() == 0);
    for (size_t i = 0; i < NR_TIMERS; i++) {
        assert_true((timer[i].place != 0) == (expected[i] != 0));
        if (!expected[i])
            continue;
        nr++;
        assert_true(timer[i].place <= timers.nr);
        assert_ptr_equal(heap[timer[i].place], &timer[i]);
        assert_int_equal(timer[i].deadline, expected[i]);
        assert_true(timer[i].place == 1 ||
                    heap[timer[i].place / 2]->deadline <= expected[i]);
    }
    assert_int_equal(timers.nr, nr);
}

static void drain(void)
{
    struct timer *first;

    while ((first = timers_first(&timers)) != NULL) {
        set((size_t)(first - timer), 0);
        check();
    }
}

static int set_up(void **state)
{
    (void)state;
    memset(timer, 0, sizeof(timer));
    memset(expected, 0, sizeof(expected));
    timers_init(&timers, heap);
    random_state = 1;
    return 0;
}

/* Few different deadlines, so that many are equal, and many. */
static void test_any_order(void **state)
{
    static const uint64_t ranges[] = {1, 5, 1000, UINT64_MAX};

    (void)state;
    for (size_t range = 0; range < sizeof(ranges) / sizeof(*ranges); range++) {
        for (int step = 0; step < NR_STEPS; step++) {
            set(below(NR_TIMERS), below(3) ? 1 + below(ranges[range]) : 0);
            check();
        }
        drain();
    }
}

static void test_all_at_one_moment(void **state)
{
    (void)state;
    for (size_t i = 0; i < NR_TIMERS; i++)
        set(i, 7);
    check();
    drain();
}

/*
 * As when vCPUs end: those at one place of the heap after another are taken
 * out, and what comes into their places belongs further up, or further down.
 */
static void test_out_of_the_middle(void **state)
{
    (void)state;
    for (uint32_t place = 1; place <= NR_TIMERS; place++) {
        for (size_t i = 0; i < NR_TIMERS; i++)
            set(i, 1 + below(1000));
        while (timers.nr >= place) {
            set((size_t)(heap[place] - timer), 0);
            check();
        }
        drain();
    }
}

static void test_none(void **state)
{
    (void)state;
    check();
    set(3, 0);
    check();
    set(3, UINT64_MAX);
    set(3, 1);
    check();
    drain();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_any_order, set_up),
        cmocka_unit_test_setup(test_all_at_one_moment, set_up),
        cmocka_unit_test_setup(test_out_of_the_middle, set_up),
        cmocka_unit_test_setup(test_none, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

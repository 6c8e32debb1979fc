/* SPDX-License-Identifier: MIT
 *
 * guest-kernel/privops/latency.c against sorted samples.
 */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "guest-kernel/privops/latency.h"

#define MAX_SAMPLES 1000

static void test_bounds(void **state)
{
    (void)state;
    assert_int_equal(latency_bound(0), 64);
    assert_int_equal(latency_bound(1), 128);
    assert_int_equal(latency_bound(LATENCY_NR_BUCKETS - 2), 1048576);
    /* The last one begins where the one before it ends. */
    assert_int_equal(latency_bound(LATENCY_NR_BUCKETS - 1), 1048576);
}

static void test_none(void **state)
{
    static const struct latency none;

    (void)state;
    assert_int_equal(latency_nr_samples(&none), 0);
    assert_int_equal(latency_percentile(&none, 50), 0);
    assert_int_equal(latency_percentile(&none, 100), 0);
}

static void test_few(void **state)
{
    struct latency latency = {.buckets = {[3] = 1, [5] = 1, [15] = 1}};

    (void)state;
    assert_int_equal(latency_percentile(&latency, 1), 3);
    assert_int_equal(latency_percentile(&latency, 33), 3);
    assert_int_equal(latency_percentile(&latency, 34), 5);
    assert_int_equal(latency_percentile(&latency, 50), 5);
    assert_int_equal(latency_percentile(&latency, 66), 5);
    assert_int_equal(latency_percentile(&latency, 67), 15);
    assert_int_equal(latency_percentile(&latency, 100), 15);
}

/* The counts of a whole histogram may need more than 32 bits. */
static void test_many(void **state)
{
    struct latency latency;
    unsigned int i;

    (void)state;
    for (i = 0; i < LATENCY_NR_BUCKETS; i++)
        latency.buckets[i] = UINT32_MAX;
    assert_int_equal(latency_nr_samples(&latency), UINT64_C(16) * UINT32_MAX);
    assert_int_equal(latency_percentile(&latency, 50), 7);
    assert_int_equal(latency_percentile(&latency, 51), 8);
    assert_int_equal(latency_percentile(&latency, 100), 15);
}

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* The nearest-rank percentile of the samples themselves. */
static void check_sorted(uint64_t *random)
{
    struct latency latency = {{0}};
    int samples[MAX_SAMPLES];
    size_t nr = 1 + unit_random(random) % MAX_SAMPLES, i;
    unsigned int percent;

    for (i = 0; i < nr; i++) {
        samples[i] = (int)(unit_random(random) % LATENCY_NR_BUCKETS);
        latency.buckets[samples[i]]++;
    }
    qsort(samples, nr, sizeof(samples[0]), compare);
    assert_int_equal(latency_nr_samples(&latency), nr);
    for (percent = 1; percent <= 100; percent++)
        assert_int_equal(latency_percentile(&latency, percent),
                         samples[(nr * percent + 99) / 100 - 1]);
}

static void test_sorted(void **state)
{
    uint64_t random = 1;
    int round;

    (void)state;
    for (round = 0; round < 200; round++)
        check_sorted(&random);
}

static void test_ns(void **state)
{
    (void)state;
    assert_int_equal(latency_ns(0, 1), 0);
    assert_int_equal(latency_ns(64, 2600000000), 24);
    assert_int_equal(latency_ns(1048576, 2600000000), 403298);
    assert_int_equal(latency_ns((UINT64_C(1) << 34) - 1, 1000000000),
                     (UINT64_C(1) << 34) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds), cmocka_unit_test(test_none),
        cmocka_unit_test(test_few),    cmocka_unit_test(test_many),
        cmocka_unit_test(test_sorted), cmocka_unit_test(test_ns),
    };

    return cmocka_run_group_tests_name("privops/latency", tests, NULL, NULL);
}

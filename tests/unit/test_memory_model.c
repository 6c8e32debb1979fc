/* SPDX-License-Identifier: MIT
 *
 * Random calls into hypervisor/mm against the model (memory_steps.h). Each
 * seed is a machine of its own. MEMORY_STEPS in the environment says how many
 * steps there are in all; MEMORY_SEED which seed comes first, so that one that
 * has failed can be had again.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "hypervisor/mm/work.h"
#include "tests/unit/memory_steps.h"

#define NR_STEPS 200000ul
#define STEPS_OF_A_SEED 500ul

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text ? strtoul(text, NULL, 0) : otherwise;
}

static void run_seed(uint64_t seed, bool devices, struct step_counts *counts)
{
    uint64_t random_state = seed * 0x9e3779b97f4a7c15 + 1;
    const char *at_end;

    if (devices)
        steps_begin_with_devices();
    else
        steps_begin(false);
    for (unsigned int i = 0; i < STEPS_OF_A_SEED; i++) {
        union {
            uint64_t number;
            uint8_t bytes[STEP_SIZE];
        } step = {unit_random(&random_state)};
        const char *wrong = steps_step(step.bytes, counts);

        if (wrong)
            fail_msg("MEMORY_SEED=%lu, step %u, %s: %s", seed, i, steps_last(),
                     wrong);
    }
    at_end = devices ? steps_end((uint32_t)(WORK_LEAST + seed % 1000)) : NULL;
    if (at_end)
        fail_msg("MEMORY_SEED=%lu, at the end: %s", seed, at_end);
}

static void test_random_calls(void **state)
{
    uint64_t seed = number_from("MEMORY_SEED", 1);
    uint64_t nr = number_from("MEMORY_STEPS", NR_STEPS) / STEPS_OF_A_SEED;
    struct step_counts counts = {0};

    (void)state;
    for (uint64_t i = 0; i < nr; i++)
        run_seed(seed + i, false, &counts);
    print_message("seeds %lu to %lu: %lu calls succeeded, %lu failed, %lu "
                  "were abandoned, %lu restarts, %lu times compared\n",
                  seed, seed + nr - 1, counts.successes, counts.failures,
                  counts.abandoned, counts.restarts, counts.compared);
    /* Both ends are met often. */
    assert_true(counts.successes > nr * STEPS_OF_A_SEED / 10);
    assert_true(counts.failures > nr * STEPS_OF_A_SEED / 10);
    assert_true(counts.abandoned > nr);
}

/* The same with pages of devices in some tables, a quarter as many; and the end
 * of both domains, with what is mapped then. */
static void test_devices_among_them(void **state)
{
    uint64_t seed = number_from("MEMORY_SEED", 1);
    uint64_t nr = number_from("MEMORY_STEPS", NR_STEPS) / STEPS_OF_A_SEED / 4;
    struct step_counts counts = {0};

    (void)state;
    for (uint64_t i = 0; i < nr; i++)
        run_seed(seed + i, true, &counts);
    print_message("%lu mapped, %lu unmapped, %lu refused writes\n",
                  counts.mapped, counts.dropped, counts.foreign_writes);
    assert_true(counts.mapped > nr);
    assert_true(counts.dropped > nr / 2);
    assert_true(counts.foreign_writes > nr / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_calls),
        cmocka_unit_test(test_devices_among_them),
    };

    return cmocka_run_group_tests_name("mm, against a model", tests, NULL,
                                       NULL);
}

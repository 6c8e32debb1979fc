/* SPDX-License-Identifier: MIT
 *
 * Random calls for grants, among all others, against the model:
 * test_memory_model with the steps of grant_steps.h. MEMORY_STEPS and
 * MEMORY_SEED are as there.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "hypervisor/mm/work.h"
#include "tests/unit/memory_steps.h"

#define NR_STEPS 30000ul
#define STEPS_OF_A_SEED 500ul

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text ? strtoul(text, NULL, 0) : otherwise;
}

static void run_seed(uint64_t seed, struct step_counts *counts)
{
    uint64_t random_state = seed * 0x9e3779b97f4a7c15 + 1;
    const char *wrong;

    steps_begin(true);
    for (unsigned int i = 0; i < STEPS_OF_A_SEED; i++) {
        union {
            uint64_t number;
            uint8_t bytes[STEP_SIZE];
        } step = {unit_random(&random_state)};

        wrong = steps_step(step.bytes, counts);
        if (wrong)
            fail_msg("MEMORY_SEED=%lu, step %u, %s: %s", seed, i, steps_last(),
                     wrong);
    }
    wrong = steps_end(WORK_LEAST + (uint32_t)unit_random(&random_state) % 1000);
    if (wrong)
        fail_msg("MEMORY_SEED=%lu, at the end: %s", seed, wrong);
}

static void test_random_grants(void **state)
{
    uint64_t seed = number_from("MEMORY_SEED", 1);
    uint64_t nr = number_from("MEMORY_STEPS", NR_STEPS) / STEPS_OF_A_SEED;
    struct step_counts counts = {0};

    (void)state;
    for (uint64_t i = 0; i < nr; i++)
        run_seed(seed + i, &counts);
    print_message(
        "seeds %lu to %lu: %lu calls succeeded, %lu failed, %lu times "
        "compared; %lu taken, %lu mapped, %lu held, %lu let go, %lu "
        "writes to mappings refused, %lu ends\n",
        seed, seed + nr - 1, counts.successes, counts.failures, counts.compared,
        counts.taken, counts.mapped, counts.held, counts.dropped,
        counts.foreign_writes, counts.ends);
    /* Of one seed alone there may be few. */
    assert_true(counts.taken > nr && counts.mapped > nr / 2 &&
                counts.held > nr / 2 && counts.dropped > nr / 2 &&
                counts.foreign_writes > nr / 2 && counts.ends > nr / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_grants),
    };

    return cmocka_run_group_tests_name("grants, against a model", tests, NULL,
                                       NULL);
}

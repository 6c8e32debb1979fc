/* SPDX-License-Identifier: MIT
 *
 * The rows of a domain that is not alone: beside it run domains of crowd.c.
 */
#include <stddef.h>

#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/bench/crowd.h"
#include "tests/bench/operation.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/random.h"
#include "tests/kernels/lib/test.h"

/* Far more turns than the crowd needs until all of it sleeps. */
#define NR_TURNS 2000

void crowd_operations_init(void)
{
    for (int i = 0; i < NR_TURNS; i++)
        MG_CHECK_EQ(hypercall_yield(), 0);
}

/* As the crowd's: anywhere in its heap. */
static void prepare_deadlines(void)
{
    struct mg_random random;

    mg_random_init(&random, 1);
    for (size_t i = 0; i < ARRAY_SIZE(bench_deadlines); i++)
        bench_deadlines[i] =
            mg_clock_ns() + CROWD_NS + mg_random_below(&random, CROWD_NS);
}

const struct operation crowd_operations[] = {
    {"set_timer_256", "hypercall", bench_set_timer_any, 20000, 1,
     prepare_deadlines, 0},
};
const size_t nr_crowd_operations = ARRAY_SIZE(crowd_operations);

/* SPDX-License-Identifier: MIT
 *
 * yield: returns at once when nobody else wants the CPU; between two vCPUs
 * on one CPU each gets its turn, with and without yielding.
 *
 * BUNDLE: vcpus=2
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(yield);

#define TURNS 1000

static volatile uint64_t turn, stop, spins;

static void second_main(void *argument)
{
    (void)argument;
    while (turn < 2 * TURNS) {
        if (turn % 2)
            turn++;
        (void)hypercall_yield();
    }
    while (!stop)
        spins++;
}

static void test_turns(void)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    while (turn < 2 * TURNS) {
        if (turn % 2 == 0)
            turn++;
        if (mg_clock_ns() > end)
            mg_error("after %lu turns the other vCPU has not run", turn);
        (void)hypercall_yield();
    }
}

/* Neither vCPU yields any more: the hypervisor takes turns by itself. */
static void test_preemption(void)
{
    uint64_t last = spins, changes = 0;
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    while (changes < 5 && mg_clock_ns() < end) {
        if (spins != last) {
            last = spins;
            changes++;
        }
    }
    MG_CHECK_EQ(changes, 5);
    stop = 1;
}

void test_main(void)
{
    for (int i = 0; i < 1000; i++)
        MG_CHECK_EQ(hypercall_yield(), 0);
    MG_CHECK_EQ(mg_vcpu_start(1, second_main, NULL), 0);
    test_turns();
    test_preemption();
}

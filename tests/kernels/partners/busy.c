/* SPDX-License-Identifier: MIT
 *
 * Runs beside ended_frames, and ends in the midst of all that a domain does:
 * one vCPU makes page tables and lets them go, one is woken by its timer again
 * and again, one spins, and one has not been started.
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(busy);

#define ROUNDS 20

static volatile uint64_t rounds;

static void make_tables(void *argument)
{
    uint64_t *table = mg_table(NULL);

    (void)argument;
    for (;;) {
        for (uint32_t level = PARAPET_TABLE_L1; level <= PARAPET_TABLE_USER;
             level++) {
            (void)hypercall_mmu_pin(mg_mfn_of(table), level);
            (void)hypercall_mmu_unpin(mg_mfn_of(table));
        }
        rounds++;
    }
}

static void sleep(void *argument)
{
    (void)argument;
    for (;;) {
        (void)hypercall_set_timer(mg_clock_ns() + 50 * MG_US);
        (void)hypercall_block();
        mg_cli();
    }
}

static void spin(void *argument)
{
    (void)argument;
    for (;;)
        ;
}

void test_main(void)
{
    MG_CHECK_EQ(mg_vcpu_start(1, make_tables, NULL), 0);
    MG_CHECK_EQ(mg_vcpu_start(2, sleep, NULL), 0);
    MG_CHECK_EQ(mg_vcpu_start(3, spin, NULL), 0);
    while (rounds < ROUNDS)
        (void)hypercall_yield();
}

/* SPDX-License-Identifier: MIT
 *
 * One of the crowd of bound_schedule.c. It sleeps, and its timer is up at a
 * moment that is the same for all; then it makes long calls, and yields. One
 * with a cap has run before for as long as keeps it off the CPU until that
 * moment, and is awake by then. After the last round half of them end.
 *
 *   crowd number=N
 */
#include "tests/kernels/partners/crowd.h"
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/sleep.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(crowd);

/* Longer than a tick, so that nobody is charged but at the end. */
#define APART_NS (510 * MG_US)
/* So much a domain may save, by its cap. */
#define SAVED_NS (20 * MG_MS)
#define AWAKE_NS (2 * MG_MS)
/* Those with a cap may run again somewhat after the moment, since a switch
 * counts, too: the timers are up before that in the first round, and after it
 * in the last. */
#define FIRST_NS (100 * MG_US)
#define LATER_NS (4 * MG_US)

static uint64_t *table;

/* It starts with all that it can save: what it runs, times 100 / cap, is what
 * there is from 20 ms ago to the moment. */
static void run_until_moment(uint64_t moment)
{
    uint64_t start = mg_clock_ns();
    uint64_t ns = (moment + SAVED_NS - start) / (1 + 100 / CROWD_CAP);

    if (start >= moment)
        return; /* too late: the host was busy */
    while (mg_clock_ns() < start + ns)
        ;
}

/* A table with much to be checked, and to be let go. */
static uint64_t *full_table(void)
{
    uint64_t *entries = mg_page();

    for (size_t i = 0; i < MG_PTES; i++)
        entries[i] = mg_pte(entries, MG_READ);
    return mg_table(entries);
}

/* A switch, and before it a call that is as long as can be. */
static void yield_and(uint64_t number, uint64_t mfn, uint64_t type)
{
    struct parapet_multicall_entry calls[] = {
        {.number = PARAPET_HC_yield},
        {.number = number, .args = {mfn, type}},
    };
    uint64_t done = 0;

    while (hypercall_multicall(calls + done, ARRAY_SIZE(calls) - done) ==
           -PARAPET_ERESTART)
        done += mg_vcpu_page()->restart_done;
    MG_CHECK_EQ(calls[1].result, 0);
}

static void be_long(void)
{
    yield_and(PARAPET_HC_mmu_pin, mg_mfn_of(table), PARAPET_TABLE_L1);
    yield_and(PARAPET_HC_mmu_unpin, mg_mfn_of(table), 0);
}

void test_main(void)
{
    volatile uint64_t *words = mg_vcpu_page()->guest;
    uint64_t number = mg_argument("number", 0);

    mg_sleep_init();
    table = full_table();
    for (uint64_t round = 0; round < CROWD_NR_ROUNDS; round++) {
        uint64_t begins = words[CROWD_BEGINS] + round * CROWD_ROUND_NS;
        uint64_t moment = begins + CROWD_MOMENT_NS;

        if (number < CROWD_CAPPED) {
            mg_sleep_until(begins + number * APART_NS);
            run_until_moment(moment);
            mg_sleep_until(moment - AWAKE_NS);
        } else {
            mg_sleep_until(moment + FIRST_NS + round * LATER_NS);
        }
        if (number >= CROWD_CAPPED && round < CROWD_NR_ROUNDS - 1)
            be_long();
        words[CROWD_ROUNDS]++;
    }
    if (number % 2)
        (void)hypercall_shutdown(PARAPET_SHUTDOWN_POWEROFF);
    for (;;)
        (void)hypercall_block();
}

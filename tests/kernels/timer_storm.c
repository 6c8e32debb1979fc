/* SPDX-License-Identifier: MIT
 *
 * As many timers as one CPU can have are up at one moment: no interrupt takes
 * more than a call may (docs/DESIGN.md, section 5), and none is lost, which
 * the partners check. While they are set, setting one's own is short, too.
 *
 * BUNDLE: memory=4M
 * QEMU: smp=1 icount=1
 * QEMU: partner="partners/timers times=15 vcpus=32"
 */
#include "tests/kernels/partners/timer_storm.h"
#include "abi/exits.h"
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/x86/tsc.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(timer_storm);

#define CALL_BOUND 20000
/* Like the thousand of a call that is HC_SLOW. */
#define MOVE_BOUND 1000
#define NR_MOVES 100

static uint64_t ticks;

static void check_bound(const char *what, uint64_t instructions, uint64_t bound)
{
    mg_printf("%s: %lu instructions\n", what, instructions);
    if (instructions > bound)
        mg_failure("%s: expected at most %lu instructions, got %lu", what,
                   bound, instructions);
}

/* All others sleep. */
static void move_a_timer(void)
{
    uint64_t longest = 0;

    for (uint64_t i = 0; i < NR_MOVES; i++) {
        uint64_t start = rdtsc();
        int64_t result = hypercall_set_timer(TIMER_STORM_NS - i * MG_US);

        longest = MAX(longest, rdtsc() - start);
        MG_CHECK_EQ(result, 0);
    }
    check_bound("setting a timer", longest, MOVE_BOUND);
    MG_CHECK_EQ(hypercall_set_timer(0), 0);
}

/* The others run after the next tick; what they take is not counted. */
static void watch_the_storm(void)
{
    const volatile uint64_t *switches =
        &mg_counters(0)->exits[PARAPET_EXIT_switched_out];
    uint64_t longest = 0, time;

    do {
        uint64_t nr = *switches;
        uint64_t before = rdtsc();
        uint64_t after;

        time = mg_clock_ns();
        after = rdtsc();
        if (*switches == nr)
            longest = MAX(longest, after - before);
    } while (time < TIMER_STORM_NS + 8 * MG_MS);
    check_bound("an interrupt of the timer", longest, CALL_BOUND);
    /* There was one. */
    MG_CHECK(longest > 1000);
}

void test_main(void)
{
    (void)mg_event_bind_virq(PARAPET_VIRQ_TIMER, mg_event_count, &ticks);
    MG_CHECK_EQ(hypercall_set_timer(TIMER_STORM_NS - 10 * MG_MS), 0);
    MG_CHECK_EQ(hypercall_block(), 0);
    move_a_timer();
    watch_the_storm();
}

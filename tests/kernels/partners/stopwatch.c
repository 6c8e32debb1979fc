/* SPDX-License-Identifier: MIT
 *
 * Runs beside a domain that sleeps until STOPWATCH_ENDS_NS and is killed then:
 * looks at the time stamp counter all the while. The longest that it had no
 * look is the other one's end, with the report. Where instructions are
 * counted, that is how many there were.
 */
#include "tests/kernels/partners/stopwatch.h"

#include "lib/x86/tsc.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/test.h"

MG_TEST(stopwatch);

/* After it was woken, the other one waits for a slice of the CPU. */
#define ENDED_NS (STOPWATCH_ENDS_NS + 50 * MG_MS)

static uint64_t longest_until(uint64_t end)
{
    uint64_t before = rdtsc(), longest = 0;

    while (mg_clock_ns() < end) {
        uint64_t now = rdtsc();

        if (now - before > longest)
            longest = now - before;
        before = now;
    }
    return longest;
}

void test_main(void)
{
    uint64_t longest;

    (void)longest_until(STOPWATCH_ENDS_NS);
    longest = longest_until(ENDED_NS);
    mg_printf("the other domain's end took %lu instructions\n", longest);
    /* There was an end, and it was not a slice of the CPU. */
    if (longest < 1000 || longest > REPORT_BOUND)
        mg_failure("the report of a domain's end: expected at most %d "
                   "instructions, got %lu",
                   REPORT_BOUND, longest);
}

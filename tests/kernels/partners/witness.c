/* SPDX-License-Identifier: MIT
 *
 * Runs beside another domain: works and sleeps in turn, 30 times, and says
 * that it came to its end. It says nothing of the other one.
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(witness);

static volatile uint64_t ticks;

void test_main(void)
{
    (void)mg_event_bind_virq(PARAPET_VIRQ_TIMER, mg_event_count,
                             (void *)&ticks);
    for (uint64_t turn = 1; turn <= 30; turn++) {
        mg_cli();
        MG_CHECK_EQ(hypercall_set_timer(mg_clock_ns() + 1 * MG_MS), 0);
        MG_CHECK_EQ(hypercall_block(), 0);
        MG_CHECK_EQ(ticks, turn);
        mg_clock_delay(100 * MG_US);
    }
    mg_printf("the witness is done\n");
}

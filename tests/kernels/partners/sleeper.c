/* SPDX-License-Identifier: MIT
 *
 * Runs beside hazard_dying_neighbour: sleeps until a fixed time and then makes
 * no hypercall until it has had the upcall of its timer.
 */
#include "tests/kernels/partners/sleeper.h"

#include "abi/stubs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(sleeper);

static volatile uint64_t ticks;

void test_main(void)
{
    uint64_t end;

    (void)mg_event_bind_virq(PARAPET_VIRQ_TIMER, mg_event_count,
                             (void *)&ticks);
    MG_CHECK_EQ(hypercall_set_timer(SLEEPER_WAKES_NS), 0);
    MG_CHECK_EQ(hypercall_block(), 0);
    end = mg_clock_ns() + 10 * MG_S;
    while (ticks == 0 && mg_clock_ns() < end)
        ;
    MG_CHECK_EQ(ticks, 1);
}

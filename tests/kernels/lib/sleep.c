/* SPDX-License-Identifier: MIT */
#include "tests/kernels/lib/sleep.h"

#include "abi/stubs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/vcpu.h"

static volatile uint64_t nr_ticks;

void mg_sleep_init(void)
{
    (void)mg_event_bind_virq(PARAPET_VIRQ_TIMER, mg_event_count,
                             (void *)&nr_ticks);
}

void mg_sleep_until(uint64_t deadline)
{
    uint64_t before = nr_ticks;

    mg_cli(); /* else it may be up before the sleep, and missed */
    (void)hypercall_set_timer(deadline);
    while (nr_ticks == before) {
        (void)hypercall_block();
        mg_cli();
    }
    mg_sti();
}

void mg_sleep(uint64_t ns)
{
    mg_sleep_until(mg_clock_ns() + ns);
}

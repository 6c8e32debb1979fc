/* SPDX-License-Identifier: MIT
 *
 * Who writes when, on the monotonic clock, of console_spoof and its partner.
 */
#ifndef TESTS_KERNELS_PARTNERS_SPOOFER_H
#define TESTS_KERNELS_PARTNERS_SPOOFER_H

#include "abi/stubs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

#define SPOOFER_BEGINS_NS 100000000ul
#define SPOOF_PART_NS 150000000ul
#define SPOOFER_PART_NS 200000000ul
#define SPOOF_REST_NS 250000000ul
#define SPOOFER_REST_NS 300000000ul
#define SPOOF_ENDS_NS 350000000ul

/*
 * Asleep, since instructions are counted: the clock of a CPU that is idle goes
 * on at once.
 */
static inline void spoof_wait_until(uint64_t ns)
{
    static volatile uint64_t ticks;
    static bool bound;

    if (!bound)
        (void)mg_event_bind_virq(PARAPET_VIRQ_TIMER, mg_event_count,
                                 (void *)&ticks);
    bound = true;
    while (mg_clock_ns() < ns) {
        mg_cli();
        MG_CHECK_EQ(hypercall_set_timer(ns), 0);
        MG_CHECK_EQ(hypercall_block(), 0);
    }
}

#endif

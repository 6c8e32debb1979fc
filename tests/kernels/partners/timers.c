/* SPDX-License-Identifier: MIT
 *
 * Runs beside timer_storm: each vCPU sets its timer to one and the same moment
 * and sleeps. Each must be woken, once, and not before.
 */
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"
#include "tests/kernels/partners/timer_storm.h"

MG_TEST(timers);

static uint64_t ticks[MG_MAX_VCPUS];
static uint64_t nr_done;

static void wait_for_timer(void *unused)
{
    uint64_t *mine = &ticks[mg_vcpu_id()];

    (void)unused;
    (void)mg_event_bind_virq(PARAPET_VIRQ_TIMER, mg_event_count, mine);
    MG_CHECK_EQ(hypercall_set_timer(TIMER_STORM_NS), 0);
    MG_CHECK(mg_clock_ns() < TIMER_STORM_NS);
    MG_CHECK_EQ(hypercall_block(), 0);
    MG_CHECK(mg_clock_ns() >= TIMER_STORM_NS);
    MG_CHECK_EQ(*mine, 1);
    __atomic_fetch_add(&nr_done, 1, __ATOMIC_SEQ_CST);
}

void test_main(void)
{
    for (uint32_t vcpu = 1; vcpu < MG_MAX_VCPUS; vcpu++)
        MG_CHECK_EQ(mg_vcpu_start(vcpu, wait_for_timer, NULL), 0);
    wait_for_timer(NULL);
    while (__atomic_load_n(&nr_done, __ATOMIC_SEQ_CST) < MG_MAX_VCPUS)
        MG_CHECK_EQ(hypercall_yield(), 0);
}

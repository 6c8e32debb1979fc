/* SPDX-License-Identifier: MIT
 *
 * block and halt with an event that is pending already, with a masked port that
 * must not wake, and with a timer that does; and what a blocked vCPU costs.
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(block);

static volatile uint64_t count, ticks;

static void test_pending(void)
{
    uint32_t port = mg_event_bind_ipi(0, mg_event_count, (void *)&count);
    uint64_t start = mg_clock_ns();

    for (uint64_t i = 1; i <= 100; i++) {
        mg_cli();
        MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
        MG_CHECK_EQ(hypercall_block(), 0);
        MG_CHECK_EQ(count, i);
    }
    MG_CHECK(mg_clock_ns() - start < MG_PATIENCE);
    mg_cli();
    mg_event_close(port);
}

/* While events are masked nothing is delivered, and nothing is lost. */
static void test_halt_pending(void)
{
    uint32_t port = mg_event_bind_ipi(0, mg_event_count, (void *)&count);
    uint64_t start = mg_clock_ns();

    count = 0;
    for (uint64_t i = 1; i <= 100; i++) {
        mg_cli();
        MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
        MG_CHECK_EQ(hypercall_halt(), 0);
        MG_CHECK_EQ(mg_vcpu_page()->event_mask, 1);
        MG_CHECK_EQ(count, i - 1);
        mg_sti();
        MG_CHECK_EQ(count, i);
    }
    MG_CHECK(mg_clock_ns() - start < MG_PATIENCE);
    mg_cli();
    mg_event_close(port);
}

/* The timer ends it though events are masked, and is told of afterwards. */
static void test_halt_masked(void)
{
    uint64_t deadline = mg_clock_ns() + 5 * MG_MS;

    mg_cli();
    ticks = 0;
    MG_CHECK_EQ(hypercall_set_timer(deadline), 0);
    MG_CHECK_EQ(hypercall_halt(), 0);
    MG_CHECK(mg_clock_ns() >= deadline);
    MG_CHECK_EQ(mg_vcpu_page()->event_pending, 1);
    MG_CHECK_EQ(ticks, 0);
    mg_sti();
    MG_CHECK_EQ(ticks, 1);
    mg_cli();
}

/* Only the timer wakes it, 20 ms later. */
static void test_masked_port(void)
{
    uint32_t port = mg_event_bind_ipi(0, mg_event_count, (void *)&count);
    uint64_t deadline = mg_clock_ns() + 20 * MG_MS;

    count = 0;
    mg_port_mask(port);
    MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
    MG_CHECK_EQ(hypercall_set_timer(deadline), 0);
    MG_CHECK_EQ(hypercall_block(), 0);
    MG_CHECK(mg_clock_ns() >= deadline);
    MG_CHECK_EQ(count, 0);
    MG_CHECK_EQ(ticks, 1);
    mg_cli();
    mg_event_close(port);
}

/* Sleeping is no exit storm: a few switches, not thousands. */
static void test_quiet_sleep(void)
{
    const volatile struct parapet_counters *counters = mg_counters(0);
    uint64_t before = 0, after = 0;

    for (int i = 0; i < PARAPET_NR_EXITS; i++)
        before += counters->exits[i];
    MG_CHECK_EQ(hypercall_set_timer(mg_clock_ns() + 100 * MG_MS), 0);
    MG_CHECK_EQ(hypercall_block(), 0);
    for (int i = 0; i < PARAPET_NR_EXITS; i++)
        after += counters->exits[i];
    MG_CHECK(after - before < 20);
}

void test_main(void)
{
    (void)mg_event_bind_virq(PARAPET_VIRQ_TIMER, mg_event_count,
                             (void *)&ticks);
    test_pending();
    test_masked_port();
    test_halt_pending();
    test_halt_masked();
    test_quiet_sleep();
}

/* SPDX-License-Identifier: MIT
 *
 * Two vCPUs, on one CPU and on two: bring-up, what the second one starts
 * with, IPIs both ways, and a block that an IPI ends.
 *
 * BUNDLE: vcpus=2
 * VARIANT: one_cpu smp=1
 * VARIANT: two_cpus smp=2
 */
#include "abi/stubs.h"
#include "lib/x86/segment.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(vcpus);

#define ROUNDS 2000
#define ARGUMENT 0x0123456789abcdef

static volatile uint64_t pings, pongs, second_done;
static uint32_t ping_port, pong_port;

/* What the second vCPU saw at its entry. */
static struct {
    uint64_t argument, gs_base, fs_base;
    uint32_t id;
    uint8_t event_mask;
} seen;

MG_SNIPPET(do_ud2, "ud2");

static void ping(uint32_t port, void *data)
{
    (void)port;
    (void)data;
    pings++;
    MG_CHECK_EQ(mg_vcpu_id(), 1);
    MG_CHECK_EQ(hypercall_evtchn_send(pong_port), 0);
}

static void second_main(void *argument)
{
    volatile struct parapet_vcpu_page *page = mg_vcpu_page();

    seen.argument = (uint64_t)argument;
    seen.id = page->vcpu_id;
    seen.event_mask = page->event_mask;
    seen.gs_base = read_gs_base();
    seen.fs_base = read_fs_base();
    /* Its own trap table. */
    (void)mg_expect_fault("ud2 on vCPU 1", do_ud2, NULL, MG_UD, NULL);
    while (pings < ROUNDS)
        (void)hypercall_block();
    second_done = 1;
}

static void wait_for_pong(uint64_t round)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    while (pongs < round) {
        if (mg_clock_ns() > end)
            mg_error("round %lu: %lu pings, %lu pongs", round, pings, pongs);
        (void)hypercall_yield();
    }
}

/* Half the rounds spin for the answer, half sleep for it. */
static void test_ping_pong(void)
{
    mg_sti();
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        mg_cli();
        MG_CHECK_EQ(hypercall_evtchn_send(ping_port), 0);
        if (round % 2)
            (void)hypercall_block();
        mg_sti();
        wait_for_pong(round);
    }
    mg_cli();
    MG_CHECK_EQ(pings, ROUNDS);
    MG_CHECK_EQ(pongs, ROUNDS);
}

static void test_errors(void)
{
    uint64_t entry = mg_trap_entry(0);

    MG_CHECK_EQ(hypercall_vcpu_up(0, entry, 0, 0), -PARAPET_EEXIST);
    MG_CHECK_EQ(hypercall_vcpu_up(2, entry, 0, 0), -PARAPET_ENOENT);
    MG_CHECK_EQ(hypercall_vcpu_up(PARAPET_MAX_VCPUS, entry, 0, 0),
                -PARAPET_ENOENT);
    MG_CHECK_EQ(hypercall_vcpu_up(~0u, entry, 0, 0), -PARAPET_ENOENT);
    MG_CHECK_EQ(hypercall_vcpu_up(1, 0x0000800000000000, 0, 0),
                -PARAPET_EINVAL);
    MG_CHECK_EQ(hypercall_vcpu_up(1, PARAPET_HYPERVISOR_START, 0, 0),
                -PARAPET_EINVAL);
    MG_CHECK_EQ(hypercall_evtchn_bind_ipi(2), -PARAPET_ENOENT);
}

/* A port may be bound to a vCPU that is not up; it gets what it missed. */
static volatile uint64_t early;

static void test_start(void)
{
    uint32_t early_port = mg_event_bind_ipi(1, mg_event_count, (void *)&early);

    MG_CHECK_EQ(hypercall_evtchn_send(early_port), 0);
    MG_CHECK_EQ(mg_vcpu_start(1, second_main, (void *)ARGUMENT), 0);
    MG_CHECK_EQ(hypercall_vcpu_up(1, mg_trap_entry(0), 0, 0), -PARAPET_EEXIST);
}

static void check_second(void)
{
    MG_CHECK_EQ(seen.argument, ARGUMENT);
    MG_CHECK_EQ(seen.id, 1);
    MG_CHECK_EQ(seen.event_mask, 1);
    MG_CHECK_EQ(seen.gs_base, PARAPET_VCPU_PAGE(1));
    MG_CHECK_EQ(seen.fs_base, 0);
    MG_CHECK_EQ(early, 1);
}

void test_main(void)
{
    ping_port = mg_event_bind_ipi(1, ping, NULL);
    pong_port = mg_event_bind_ipi(0, mg_event_count, (void *)&pongs);
    test_errors();
    test_start();
    test_ping_pong();
    if (!mg_clock_wait(&second_done))
        mg_failure("the second vCPU did not come to its end");
    check_second();
}

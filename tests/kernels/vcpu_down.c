/* SPDX-License-Identifier: MIT
 *
 * vcpu_down: the last one that is up cannot; one is up again as the first time,
 * but for what it had set; too early it is refused; not in a multicall; and a
 * timer does not outlive it. All vCPUs go down and come up again and again, and
 * one is always up. One that comes up has no translations of before.
 *
 * BUNDLE: vcpus=4
 * VARIANT: one_cpu smp=1
 * VARIANT: four_cpus smp=4 meter="the meter has one CPU"
 */
#include "abi/stubs.h"
#include "lib/string.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(vcpu_down);

#define NR_VCPUS 4
#define ROUNDS 500

static volatile uint64_t starts[NR_VCPUS], early, mask_seen;
static uint32_t timer_ports[NR_VCPUS];

static void go_down(void *argument)
{
    uint32_t vcpu = (uint32_t)(uint64_t)argument;

    mask_seen = mg_vcpu_page()->event_mask;
    MG_CHECK_EQ(hypercall_set_timer(mg_clock_ns() + 100 * MG_MS), 0);
    starts[vcpu]++;
    (void)hypercall_vcpu_down();
    mg_failure("vcpu_down has returned");
}

/* Until it has been down and is up again; counts how often it was too early. */
static void start(uint32_t vcpu, void (*entry)(void *))
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;
    int64_t result;

    while ((result = mg_vcpu_start(vcpu, entry, (void *)(uint64_t)vcpu)) != 0) {
        early += result == -PARAPET_EAGAIN;
        if (result != -PARAPET_EAGAIN && result != -PARAPET_EEXIST)
            mg_failure("vcpu_up: got %ld", result);
        if (mg_clock_ns() > end)
            mg_error("vCPU %u does not go down", vcpu);
        (void)hypercall_yield();
    }
}

static void wait_for_start(uint32_t vcpu, uint64_t nr)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    while (starts[vcpu] < nr) {
        if (mg_clock_ns() > end)
            mg_error("vCPU %u: expected %lu starts, got %lu", vcpu, nr,
                     starts[vcpu]);
        (void)hypercall_yield();
    }
}

static void test_multicall(void)
{
    struct parapet_multicall_entry call;

    memset(&call, 0, sizeof(call));
    call.number = PARAPET_HC_vcpu_down;
    MG_CHECK_EQ(hypercall_multicall_all(mg_vcpu_page(), &call, 1), 0);
    MG_CHECK_EQ(call.result, -PARAPET_EINVAL);
}

static void test_rounds(void)
{
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        for (uint32_t vcpu = 1; vcpu < NR_VCPUS; vcpu++) {
            start(vcpu, go_down);
            wait_for_start(vcpu, round);
            MG_CHECK_EQ(mask_seen, 1);
        }
    }
    mg_printf("%lu calls of vcpu_up were too early\n", early);
}

static volatile uint64_t *window, looked_at;

static void look_and_go_down(void *argument)
{
    looked_at = *window;
    starts[(uint32_t)(uint64_t)argument]++;
    (void)hypercall_vcpu_down();
    mg_failure("vcpu_down has returned");
}

/* While the others are down nobody flushes for them. */
static void test_old_translations(void)
{
    const uint64_t *pages[2] = {mg_page(), mg_page()};

    window = mg_page();
    for (uint64_t i = 0; i < 8; i++) {
        *mg_gfn_pointer(mg_gfn_of(pages[i % 2])) = i;
        MG_CHECK_EQ(hypercall_mmu_update_va((uint64_t)window,
                                            mg_pte(pages[i % 2], MG_READ),
                                            PARAPET_FLUSH_LOCAL),
                    0);
        for (uint32_t vcpu = 1; vcpu < NR_VCPUS; vcpu++) {
            uint64_t nr = starts[vcpu] + 1;

            start(vcpu, look_and_go_down);
            wait_for_start(vcpu, nr);
            MG_CHECK_EQ(looked_at, i);
        }
    }
}

/* Once all others are down; and none of their timers was left. */
static void test_last(void)
{
    mg_clock_delay(150 * MG_MS);
    MG_CHECK_EQ(hypercall_vcpu_down(), -PARAPET_EBUSY);
    MG_CHECK_EQ(hypercall_vcpu_down(), -PARAPET_EBUSY);
    for (uint32_t vcpu = 1; vcpu < NR_VCPUS; vcpu++)
        MG_CHECK(!mg_port_is_pending(timer_ports[vcpu]));
}

void test_main(void)
{
    for (uint32_t vcpu = 1; vcpu < NR_VCPUS; vcpu++) {
        int64_t port = hypercall_evtchn_bind_virq(PARAPET_VIRQ_TIMER, vcpu);

        MG_CHECK(port > 0);
        timer_ports[vcpu] = (uint32_t)port;
    }
    MG_CHECK_EQ(hypercall_vcpu_down(), -PARAPET_EBUSY);
    test_multicall();
    test_rounds();
    test_old_translations();
    test_last();
    mg_audit();
}

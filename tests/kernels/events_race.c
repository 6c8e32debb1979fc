/* SPDX-License-Identifier: MIT
 *
 * Two domains, four vCPUs each on four CPUs, close, bind and send at the same
 * few ports, which are bound to each other all the time. In the end each has
 * all its ports back, and a pair works as ever.
 *
 * BUNDLE: vcpus=4
 * QEMU: smp=4 patience=300 partner="partners/events_racer vcpus=4"
 * VARIANT: short
 * VARIANT: million soak=1 patience=1800
 */
#include "tests/kernels/partners/events_race.h"
#include "abi/event.h"
#include "abi/stubs.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(events_race);

static uint64_t rounds, nr_done;

static void race(void *unused)
{
    (void)unused;
    for (uint64_t round = 0; round < rounds / RACE_VCPUS; round++) {
        uint32_t port = RACE_FIRST + (uint32_t)(round % RACE_PORTS);

        race_note(hypercall_evtchn_bind_interdomain(RACE_PEER_ID, port));
        race_note(hypercall_evtchn_send(port));
        race_note(hypercall_evtchn_send(port + 1));
        race_note(hypercall_evtchn_close(port + mg_vcpu_id()));
    }
    __atomic_fetch_add(&nr_done, 1, __ATOMIC_SEQ_CST);
}

static uint32_t bind_end(void)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;
    int64_t port;

    while ((port = hypercall_evtchn_bind_interdomain(RACE_PEER_ID, RACE_END)) <
               0 &&
           mg_clock_ns() < end)
        (void)hypercall_yield();
    MG_CHECK_EQ(port, RACE_END);
    return (uint32_t)port;
}

/* No number is lost, and none is given twice. */
static void check_numbers(void)
{
    for (uint32_t port = RACE_END; port < PARAPET_NR_PORTS; port++)
        (void)hypercall_evtchn_close(port);
    for (uint32_t port = RACE_END; port < PARAPET_NR_PORTS; port++)
        MG_CHECK_EQ(hypercall_evtchn_bind_ipi(0), port);
    MG_CHECK_EQ(hypercall_evtchn_bind_ipi(0), -PARAPET_ENOSPC);
}

void test_main(void)
{
    uint32_t end = bind_end();

    rounds = mg_variant("million") ? 1000000 : 1000;
    for (uint32_t vcpu = 1; vcpu < RACE_VCPUS; vcpu++)
        MG_CHECK_EQ(mg_vcpu_start(vcpu, race, NULL), 0);
    race(NULL);
    while (__atomic_load_n(&nr_done, __ATOMIC_SEQ_CST) < RACE_VCPUS)
        (void)hypercall_yield();
    mg_event_close(end);
    check_numbers();
}

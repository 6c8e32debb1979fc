/* SPDX-License-Identifier: MIT
 *
 * All ports of this domain are bound to those of another one, which then ends:
 * its ports are closed in shares, and none keeps the CPU for longer than the
 * ABI says. Each port of ours is raised by that, once.
 *
 * QEMU: icount=1 partner=partners/ports
 */
#include "abi/event.h"
#include "abi/stubs.h"
#include "lib/string.h"
#include "tests/kernels/lib/bound.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"
#include "tests/kernels/partners/ports.h"

MG_TEST(bound_ports);

static unsigned int raised[PARAPET_NR_PORTS];
static volatile uint32_t nr_raised;

static void note(uint32_t port, void *unused)
{
    (void)unused;
    raised[port]++;
    nr_raised++;
}

/* The peer has made all of its ports. */
static void wait_for_peer(void)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;
    int64_t port;

    while ((port = hypercall_evtchn_bind_interdomain(
                PORTS_PEER_ID, PARAPET_NR_PORTS - 1)) < 0 &&
           mg_clock_ns() < end)
        (void)hypercall_yield();
    if (port < 0)
        mg_error("the peer has not made all of its ports: %ld", port);
    mg_event_close((uint32_t)port);
}

static void bind(uint32_t port)
{
    uint32_t ours = (uint32_t)MG_BOUNDED(
        "evtchn_bind_interdomain",
        mg_event_bind_interdomain(PORTS_PEER_ID, port, note, NULL));

    MG_CHECK_EQ(ours, port);
}

/* One closes its end and comes back. */
static void close_and_bind(uint32_t port)
{
    MG_DONE(MG_BOUNDED("evtchn_close of a bound port",
                       hypercall_evtchn_close(port)));
    bind(port);
}

/*
 * This CPU has nothing else to do: it goes on with the dead domain. How long a
 * share is says the meter, which has it as part of the block.
 */
static void wait_until_all_are_closed(void)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    while (nr_raised < PARAPET_NR_PORTS - 1 && mg_clock_ns() < end) {
        mg_cli();
        MG_DONE(hypercall_block());
    }
}

void test_main(void)
{
    mg_cli();
    wait_for_peer();
    for (uint32_t port = 1; port < PARAPET_NR_PORTS; port++)
        bind(port);
    for (uint32_t port = PORTS_END + 1; port < PARAPET_NR_PORTS; port += 64)
        close_and_bind(port);
    /* Each begins pending. */
    mg_sti();
    mg_cli();
    memset(raised, 0, sizeof(raised));
    nr_raised = 0;
    MG_DONE(hypercall_evtchn_send(PORTS_END));
    wait_until_all_are_closed();
    for (uint32_t port = 1; port < PARAPET_NR_PORTS; port++) {
        if (!MG_CHECK_EQ(raised[port], 1) ||
            !MG_CHECK_EQ(hypercall_evtchn_send(port), -PARAPET_ENOTCONN))
            mg_error("port %u", port);
    }
    MG_CHECK_EQ(hypercall_evtchn_bind_interdomain(PORTS_PEER_ID, 1),
                -PARAPET_ENOENT);
    mg_bound_report();
}

/* SPDX-License-Identifier: MIT
 *
 * Runs beside events_remote: makes the ports that events_peer.h names, and does
 * what an event at one of them asks for.
 */
#include "tests/kernels/partners/events_peer.h"

#include "abi/event.h"
#include "abi/stubs.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(events_peer);

static volatile bool ends;

/* An event comes, too, when the other end has been closed. */
static void echo(uint32_t port, void *data)
{
    int64_t result = hypercall_evtchn_send(port);

    (void)data;
    MG_CHECK(result == 0 || result == -PARAPET_ENOTCONN);
}

static void make_toy(void)
{
    MG_CHECK_EQ(mg_event_alloc_unbound(TEST_ID, echo, NULL), PEER_TOY);
}

static void close_toy(uint32_t port, void *data)
{
    struct parapet_port_status status;

    (void)data;
    MG_CHECK_EQ(hypercall_evtchn_status(port, &status), 0);
    if (status.kind != PARAPET_PORT_INTERDOMAIN)
        return;
    mg_event_close(PEER_TOY);
    make_toy();
}

static void end(uint32_t port, void *data)
{
    (void)port;
    (void)data;
    ends = true;
}

void test_main(void)
{
    MG_CHECK_EQ(mg_event_alloc_unbound(TEST_ID, echo, NULL), PEER_ECHO);
    MG_CHECK_EQ(mg_event_alloc_unbound(TEST_ID, close_toy, NULL), PEER_CLOSE);
    MG_CHECK_EQ(mg_event_alloc_unbound(TEST_ID, end, NULL), PEER_END);
    MG_CHECK_EQ(mg_event_alloc_unbound(PARAPET_DOMAIN_SELF, NULL, NULL),
                PEER_OTHERS);
    make_toy();
    while (!ends)
        MG_CHECK_EQ(hypercall_block(), 0);
}

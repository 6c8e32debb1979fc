/* SPDX-License-Identifier: MIT
 *
 * Runs beside bound_ports: makes as many ports for it as there are, and sleeps
 * until an event comes at the first of them.
 */
#include "tests/kernels/partners/ports.h"

#include "abi/event.h"
#include "abi/stubs.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(ports);

static volatile bool ends;

/* The other end closes ports, too, and comes back: an event each time. */
static void look(uint32_t port, void *unused)
{
    struct parapet_port_status status;

    (void)unused;
    if (hypercall_evtchn_status(port, &status) == 0 &&
        status.kind == PARAPET_PORT_INTERDOMAIN)
        ends = true;
}

void test_main(void)
{
    for (uint32_t port = 1; port < PARAPET_NR_PORTS; port++)
        MG_CHECK_EQ(mg_event_alloc_unbound(
                        PORTS_TEST_ID, port == PORTS_END ? look : NULL, NULL),
                    port);
    mg_sti();
    while (!ends)
        (void)hypercall_block();
}

/* SPDX-License-Identifier: MIT
 *
 * Runs beside events_race, on four vCPUs: makes ports for it and closes them,
 * and sends to whatever there is, until events_race's first port is gone.
 */
#include "abi/event.h"
#include "abi/stubs.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"
#include "tests/kernels/partners/events_race.h"

MG_TEST(events_racer);

static volatile bool ends;

/* The port that was bound for this is unbound again. */
static void look(uint32_t port, void *unused)
{
    struct parapet_port_status status;

    (void)unused;
    if (hypercall_evtchn_status(port, &status) == 0 &&
        status.kind == PARAPET_PORT_UNBOUND)
        ends = true;
}

/* events_race may have ended before its port was seen to be gone. */
static void note(int64_t result)
{
    if (result == -PARAPET_ENOENT)
        ends = true;
    else
        race_note(result);
}

/* All vCPUs try the same few ports: each call is refused or done. */
static void race(void *unused)
{
    (void)unused;
    for (uint64_t round = 0; !ends; round++) {
        uint32_t port = RACE_FIRST + (uint32_t)(round % RACE_PORTS);

        note(hypercall_evtchn_alloc_unbound(RACE_TEST_ID));
        note(hypercall_evtchn_send(port));
        note(hypercall_evtchn_bind_interdomain(RACE_TEST_ID, port));
        note(hypercall_evtchn_close(port + mg_vcpu_id()));
    }
}

void test_main(void)
{
    MG_CHECK_EQ(mg_event_alloc_unbound(RACE_TEST_ID, look, NULL), RACE_END);
    for (uint32_t vcpu = 1; vcpu < RACE_VCPUS; vcpu++)
        MG_CHECK_EQ(mg_vcpu_start(vcpu, race, NULL), 0);
    mg_sti();
    race(NULL);
}

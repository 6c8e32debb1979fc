/* SPDX-License-Identifier: MIT
 *
 * Runs beside rings: the back-end of its ring, which answers each request.
 */
#include "tests/kernels/partners/ring_back.h"

#include "abi/stubs.h"
#include "pvdrivers/ring.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/grant.h"

MG_TEST(ring_back);

static volatile uint64_t told;
static struct ring_back back;
static uint64_t nr_waits;

/* The front-end lends its page, and then makes its port. */
static uint32_t connect(uint32_t *handle)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;
    struct mg_window window = mg_window_make();
    int64_t port;

    mg_cli();
    while ((port = hypercall_evtchn_bind_interdomain(FRONT_ID, RING_PORT)) <
               0 &&
           mg_clock_ns() < end)
        (void)hypercall_yield();
    if (port < 0)
        mg_error("no port can be bound: %ld", port);
    mg_event_handle((uint32_t)port, mg_event_count, (void *)&told);
    mg_sti();
    MG_CHECK_EQ(mg_grant_map(FRONT_ID, RING_REF, mg_window_pte(&window, 0),
                             PARAPET_PTE_W | PARAPET_PTE_NX, handle),
                0);
    ring_back_init(&back, (struct parapet_ring *)mg_window_at(&window, 0),
                   sizeof(struct ring_request));
    return (uint32_t)port;
}

static uint64_t answer_all(void)
{
    struct ring_request request;
    uint64_t nr = 0;

    while (ring_back_take(&back, &request, sizeof(request)) == 1) {
        struct ring_response response = {request.number, nr_waits};

        MG_CHECK_EQ(request.more[0], request.number * 3);
        MG_CHECK_EQ(request.more[2], ~request.number);
        MG_CHECK_EQ(ring_back_put(&back, &response, sizeof(response)), 0);
        nr++;
    }
    return nr;
}

void test_main(void)
{
    uint64_t done = 0;
    uint32_t handle, port;

    port = connect(&handle);
    while (done < NR_REQUESTS) {
        done += answer_all();
        if (ring_back_push(&back))
            MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
        if (done < NR_REQUESTS) {
            int found = ring_back_wait(&back);

            nr_waits++;
            if (found == 0)
                ring_sleep(&told);
            else if (!MG_CHECK_EQ(found, 1))
                break;
        }
    }
    MG_CHECK_EQ(mg_grant_unmap(handle), 0);
}

/* SPDX-License-Identifier: MIT
 *
 * A ring between two domains, from one end to the other: the page is lent and
 * mapped, each request answered in order, nobody sleeps beside work, and nobody
 * is woken who does not sleep. It ends when the page is back.
 *
 * QEMU: partner=partners/ring_back once=1
 * VARIANT: one_cpu smp=1
 * VARIANT: two_cpus smp=2
 */
#include "abi/stubs.h"
#include "pvdrivers/ring.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/partners/ring_back.h"

MG_TEST(rings);

static volatile uint64_t told;
static struct ring_front front;
static uint64_t sent, done, nr_sent, nr_sleeps, nr_waits_of_back;

static void put_some(uint64_t most)
{
    for (; most > 0 && sent < NR_REQUESTS; most--) {
        struct ring_request request = {sent, {sent * 3, 0, ~sent}};

        if (ring_front_put(&front, &request, sizeof(request)) != 0)
            return;
        sent++;
    }
}

static void take_all(void)
{
    struct ring_response response;
    int result;

    while ((result = ring_front_take(&front, &response, sizeof(response))) == 1)
        if (MG_CHECK_EQ(response.number, done++))
            nr_waits_of_back = response.nr_waits;
    MG_CHECK_EQ(result, 0);
}

/* Before the back-end has bound the port it hears nothing, but then looks. */
static void push(void)
{
    int64_t result;

    if (!ring_front_push(&front))
        return;
    nr_sent++;
    result = hypercall_evtchn_send(RING_PORT);
    MG_CHECK(result == 0 || result == -PARAPET_ENOTCONN);
}

static void take_back(void)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    while (!mg_grant_take_back(RING_REF) && mg_clock_ns() < end)
        (void)hypercall_yield();
    MG_CHECK_EQ(mg_grant_read(RING_REF), 0);
}

void test_main(void)
{
    struct parapet_ring *page = (struct parapet_ring *)mg_pages(1);

    ring_front_init(&front, page, sizeof(struct ring_request));
    mg_grant_lend(RING_REF, BACK_ID, page, 0);
    MG_CHECK_EQ(mg_event_alloc_unbound(BACK_ID, mg_event_count, (void *)&told),
                RING_PORT);
    mg_sti();
    for (uint64_t round = 0; done < NR_REQUESTS && mg_failures() == 0;
         round++) {
        put_some(round % 80 + 1);
        push();
        take_all();
        if (done < sent && ring_front_wait(&front) == 0) {
            nr_sleeps++;
            ring_sleep(&told);
        }
    }
    MG_CHECK_EQ(done, NR_REQUESTS);
    /* One for each wait, and one for the first. */
    MG_CHECK(nr_sent <= nr_waits_of_back + 1);
    MG_CHECK(nr_sleeps > 0);
    take_back();
    mg_printf("%u requests: %lu sleeps, %lu notifications\n", NR_REQUESTS,
              nr_sleeps, nr_sent);
}

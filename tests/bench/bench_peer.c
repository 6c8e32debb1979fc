/* SPDX-License-Identifier: MIT
 *
 * Runs beside the bench's guest, on its CPU: three vCPUs, each with a port that
 * the bench binds, which sleep until an event comes, take the upcall and sleep
 * again; the third sends it back before. Before all that it lends the bench
 * some frames. It ends with the bench, when that closes its ends.
 */
#include "abi/event.h"
#include "abi/stubs.h"
#include "tests/bench/loops_pair.h"
#include "tests/bench/peer.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(bench_peer);

static volatile bool ends;

static void look(uint32_t port, void *unused)
{
    struct parapet_port_status status;

    (void)unused;
    if (hypercall_evtchn_status(port, &status) == 0 &&
        status.kind == PARAPET_PORT_UNBOUND)
        ends = true;
}

static void sleep(void *unused)
{
    (void)unused;
    for (;;)
        (void)hypercall_block();
}

static void echo(void *unused)
{
    (void)unused;
    (void)hypercall_set_callback(PARAPET_CALLBACK_EVENT,
                                 (uint64_t)bench_pair_entry);
    bench_echo();
}

static void lend(void)
{
    struct parapet_grant_entry *entries = (void *)PARAPET_GRANT_TABLE;

    for (uint32_t ref = 0; ref < PEER_LENT; ref++) {
        uint64_t *page = mg_page();

        for (size_t i = 0; i < MG_PTES; i++)
            page[i] = PEER_WORD + ref;
        entries[ref].frame = mg_mfn_of(page);
        __atomic_store_n((uint64_t *)&entries[ref],
                         (uint64_t)BENCH_ID << 32 | PARAPET_GRANT_LEND,
                         __ATOMIC_RELEASE);
    }
}

void test_main(void)
{
    uint32_t second, third;

    lend();
    MG_CHECK_EQ(mg_event_alloc_unbound(BENCH_ID, look, NULL), PEER_FIRST);
    second = mg_event_alloc_unbound(BENCH_ID, NULL, NULL);
    MG_CHECK_EQ(second, PEER_SECOND);
    mg_event_move(second, 1);
    MG_CHECK_EQ(mg_vcpu_start(1, sleep, NULL), 0);
    third = mg_event_alloc_unbound(BENCH_ID, NULL, NULL);
    MG_CHECK_EQ(third, PEER_ECHO);
    mg_event_move(third, 2);
    bench_pair_port = third;
    MG_CHECK_EQ(mg_vcpu_start(2, echo, NULL), 0);
    while (!ends)
        (void)hypercall_block();
}

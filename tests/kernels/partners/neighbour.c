/* SPDX-License-Identifier: MIT
 *
 * A domain beside one that counts (control_neighbours.c), hostile but for the
 * first. Its boot arguments say what it does, for good:
 *
 *   sleeper      it sleeps for 3 ms, again and again. In guest[0] is how often,
 * and in guest[1] the most ns that it woke too late
 *   crash        it counts for a millisecond, and crashes
 *   spin         it counts, on four vCPUs
 *   yield        it counts until just before a tick, and yields
 *   block        the same, and sleeps for 20 us
 *   flood        it sends to its port 1, which another one has
 *   flood domain=N   it binds that domain's port 1, and sends
 *   timers       it sets its timer to a moment that is over
 *   locks        it makes a full page table and unmakes it: in calls as long as
 * can be, with its memory locked
 *   memory       the same with all the memory that it may have
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/sleep.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(neighbour);

#define SLEEP_NS (3 * MG_MS)
/* Somewhat less than what is between two looks of the scheduler. */
#define BEFORE_TICK_NS (480 * MG_US)
#define NR_SPINNING 4
#define NR_HOARDED 2000

static void be_sleeper(void)
{
    volatile struct parapet_vcpu_page *page = mg_vcpu_page();

    for (;;) {
        uint64_t deadline = mg_clock_ns() + SLEEP_NS;

        mg_sleep_until(deadline);
        page->guest[1] = MAX(page->guest[1], mg_clock_ns() - deadline);
        page->guest[0]++;
    }
}

static void be_crash(void)
{
    mg_clock_delay(MG_MS);
    (void)hypercall_shutdown(PARAPET_SHUTDOWN_CRASH);
}

static void count(void *unused)
{
    volatile uint64_t counter = 0;

    (void)unused;
    for (;;)
        counter++;
}

static void be_spin(void)
{
    for (uint32_t v = 1; v < NR_SPINNING; v++)
        MG_CHECK_EQ(mg_vcpu_start(v, count, NULL), 0);
    count(NULL);
}

static void be_yield(void)
{
    for (;;) {
        mg_clock_delay(BEFORE_TICK_NS);
        (void)hypercall_yield();
    }
}

static void be_block(void)
{
    for (;;) {
        mg_clock_delay(BEFORE_TICK_NS);
        mg_sleep(20 * MG_US);
    }
}

/* Events come as well, and are taken. */
static void be_flood(void)
{
    uint32_t domain = (uint32_t)mg_argument("domain", 0);
    uint32_t port = 1;

    if (domain)
        port = mg_event_bind_interdomain(domain, 1, NULL, NULL);
    mg_sti();
    for (;;)
        (void)hypercall_evtchn_send(port);
}

static void be_timers(void)
{
    mg_sti();
    for (;;)
        (void)hypercall_set_timer(1);
}

static void be_locks(void)
{
    uint64_t *entries = mg_page(), *table;

    for (size_t i = 0; i < MG_PTES; i++)
        entries[i] = mg_pte(entries, MG_READ);
    table = mg_table(entries);
    for (;;) {
        MG_DONE(mg_pin(table, 1));
        MG_DONE(mg_unpin(table));
    }
}

static void be_memory(void)
{
    for (int i = 0; i < NR_HOARDED; i++)
        *(volatile uint64_t *)mg_page() = 1;
    be_locks();
}

static const struct {
    const char *name;
    void (*be)(void);
} kinds[] = {
    {"sleeper", be_sleeper}, {"crash", be_crash}, {"spin", be_spin},
    {"yield", be_yield},     {"block", be_block}, {"flood", be_flood},
    {"timers", be_timers},   {"locks", be_locks}, {"memory", be_memory},
};

void test_main(void)
{
    mg_sleep_init();
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (mg_variant(kinds[i].name))
            kinds[i].be();
    }
    mg_error("'%s': no such neighbour", mg_bootargs());
}

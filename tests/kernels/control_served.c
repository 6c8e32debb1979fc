/* SPDX-License-Identifier: MIT
 *
 * A child that the control domain serves: it has a bus page and a console page
 * from its start, lent to this domain, and a port for each. Both talk by them,
 * again and again, in children that come and go; another child, which is not
 * served, lends nothing.
 *
 * BUNDLE: memory=32M
 * QEMU: privileged=1 patience=120 once=1
 * VARIANT: one smp=1
 * VARIANT: two smp=2 meter="as one"
 */
#include "abi/bus.h"
#include "abi/event.h"
#include "abi/stubs.h"
#include "lib/string.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(control_served);

#define NR_ROUNDS 20

static struct mg_window window;

/* This domain's side of a child's page. */
struct side {
    volatile uint64_t events;
    uint32_t port;
    uint32_t handle;
    void *page;
};

static void connect(const struct mg_child *child, uint32_t ref,
                    struct side *side)
{
    MG_CHECK_EQ(mg_grant_map(child->id, ref, mg_window_pte(&window, ref),
                             PARAPET_PTE_W | PARAPET_PTE_NX, &side->handle),
                0);
    side->page = (void *)mg_window_at(&window, ref);
    side->events = 0;
    side->port = mg_event_bind_interdomain(
        child->id, child->ports[ref], mg_event_count, (void *)&side->events);
}

static void part(const struct side *side)
{
    MG_CHECK_EQ(mg_grant_unmap(side->handle), 0);
    mg_event_close(side->port);
}

/* Sends, and waits for events until the word is as expected: a move may follow
 * another one, each with its event. before: how many there were before the
 * child could see what it is asked. */
static void ask(struct side *side, uint64_t before, const uint32_t *word,
                uint32_t expected)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    MG_CHECK_EQ(hypercall_evtchn_send(side->port), 0);
    while ((side->events == before ||
            __atomic_load_n(word, __ATOMIC_SEQ_CST) != expected) &&
           mg_clock_ns() < end)
        (void)hypercall_yield();
    MG_CHECK(side->events > before);
    MG_CHECK_EQ(*word, expected);
}

/* ---- what there is at the start ---- */

static struct parapet_shared_page shared_of(const struct mg_child *child)
{
    static struct parapet_shared_page page;

    MG_CHECK_EQ(mg_copy_from(child->id, child->shared_mfn * MG_PAGE_SIZE, &page,
                             sizeof(page)),
                0);
    return page;
}

static struct parapet_grant_entry entry_of(const struct mg_child *child,
                                           uint32_t ref)
{
    struct parapet_grant_entry entry = {.flags = 0xffff};
    uint64_t maddr = child->grant_mfn * MG_PAGE_SIZE + ref * sizeof(entry);

    MG_CHECK_EQ(mg_copy_from(child->id, maddr, &entry, sizeof(entry)), 0);
    return entry;
}

static void check_start(const struct mg_child *child)
{
    struct parapet_shared_page page = shared_of(child);

    MG_CHECK_EQ(page.bus_gfn, child->plan.bus_gfn);
    MG_CHECK_EQ(page.console_gfn, child->plan.console_gfn);
    MG_CHECK(page.bus_gfn >= page.start_gfn && page.bus_gfn < page.nr_gfns);
    MG_CHECK_EQ(page.bus_port, child->ports[0]);
    MG_CHECK_EQ(page.console_port, child->ports[1]);
    for (uint32_t ref = 0; ref < 2; ref++) {
        MG_CHECK_EQ(entry_of(child, ref).flags, PARAPET_GRANT_LEND);
        MG_CHECK_EQ(entry_of(child, ref).domain, PARAPET_DOMAIN_CONTROL);
    }
    MG_CHECK_EQ(entry_of(child, 2).flags, 0);
}

static void check_not_served(void)
{
    const struct mg_child_wish wish = {.bootargs = "sleep"};
    struct mg_child child;
    struct parapet_shared_page page;

    mg_child_create(&wish, &child);
    page = shared_of(&child);
    MG_CHECK_EQ(page.bus_gfn, 0);
    MG_CHECK_EQ(page.console_gfn, 0);
    MG_CHECK_EQ(page.bus_port, 0);
    MG_CHECK_EQ(page.console_port, 0);
    MG_CHECK_EQ(child.nr_ports, 0);
    MG_CHECK_EQ(entry_of(&child, PARAPET_GRANT_BUS).flags, 0);
    MG_CHECK_EQ(mg_grant_map(child.id, PARAPET_GRANT_BUS,
                             mg_window_pte(&window, 0), PARAPET_PTE_W, NULL),
                -PARAPET_EPERM);
    MG_CHECK_EQ(mg_domain_destroy(child.id), 0);
}

/* ---- both talk ---- */

/* The back-end's move, and where the child then is. */
static void move(struct side *bus, uint32_t state, uint32_t expected)
{
    struct parapet_bus_slot *slot =
        &((struct parapet_bus_page *)bus->page)->slots[0];
    uint64_t before = bus->events;

    slot->back.parameters[0] = 100 * state;
    __atomic_store_n(&slot->back.state, state, __ATOMIC_SEQ_CST);
    ask(bus, before, &slot->front.state, expected);
    MG_CHECK_EQ(slot->front.parameters[0], 100 * state + 1);
}

static void talk_by_bus(struct side *bus)
{
    move(bus, PARAPET_BUS_offered, PARAPET_BUS_wanted);
    move(bus, PARAPET_BUS_connected, PARAPET_BUS_connected);
    /* It is gone: closing, and closed at once, since nobody has the ring. */
    move(bus, PARAPET_BUS_closed, PARAPET_BUS_closed);
}

static void talk_by_console(struct side *console)
{
    static const char text[] = "who goes there?";
    uint64_t before = console->events;
    char *page = console->page;
    uint32_t first;

    memcpy(page + 1, text + 1, sizeof(text) - 1);
    __atomic_store_n(&page[0], text[0], __ATOMIC_RELEASE);
    memcpy(&first, "wh0 ", sizeof(first));
    ask(console, before, (uint32_t *)(page + MG_PAGE_SIZE / 2), first);
    MG_CHECK(strcmp(page + MG_PAGE_SIZE / 2, "wh0 g0es there?") == 0);
    memset(page + MG_PAGE_SIZE / 2, 0, sizeof(text));
}

static void run_round(void)
{
    static struct side bus, console;
    const struct mg_child_wish wish = {.bootargs = "served", .served = true};
    struct mg_child child;

    mg_child_create(&wish, &child);
    check_start(&child);
    connect(&child, PARAPET_GRANT_BUS, &bus);
    connect(&child, PARAPET_GRANT_CONSOLE, &console);
    MG_CHECK_EQ(mg_domain_unpause(child.id), 0);
    mg_sti();
    for (int i = 0; i < 3 && !mg_failures(); i++) {
        talk_by_bus(&bus);
        talk_by_console(&console);
    }
    mg_cli();
    mg_domain_audit(child.id);
    part(&bus);
    part(&console);
    MG_CHECK_EQ(mg_domain_destroy(child.id), 0);
}

void test_main(void)
{
    uint64_t before = 0;

    mg_control_init();
    window = mg_window_make();
    for (int i = 0; i < NR_ROUNDS && !mg_failures(); i++) {
        run_round();
        /* What this domain needs for ports and handles it has since. */
        if (i == 0)
            before = mg_machine_info().free_frames;
    }
    check_not_served();
    MG_CHECK_EQ(mg_machine_info().free_frames, before);
    mg_audit();
}

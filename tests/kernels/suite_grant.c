/* SPDX-License-Identifier: MIT
 *
 * The suite of every hypercall for grants (see lib/suite.h). The domain lends
 * to itself. What becomes of the single elements is in grants.c.
 *
 * QEMU: once=1
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/suite.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(suite_grant);

#define SELF 1 /* by tests/kernels/run */
#define MANY PARAPET_MAX_GRANT_ELEMENTS

static uint64_t *page, *window;

static uint64_t window_pte(void)
{
    return mg_walk(mg_start_root(), (uint64_t)window, 1);
}

static void lend(void)
{
    struct parapet_grant_entry *e = (void *)PARAPET_GRANT_TABLE;

    page = mg_page();
    window = mg_page();
    MG_DONE(mg_set_va((uint64_t)window, 0));
    e->frame = mg_mfn_of(page);
    e->domain = SELF;
    e->flags = PARAPET_GRANT_LEND;
}

/* The errors of all calls with an array. */
#define REFUSES_ARRAYS(call, elements)                                         \
    do {                                                                       \
        REFUSES(call(NULL, 1), EFAULT);                                        \
        REFUSES(call((char *)(elements) + 4, 1), EINVAL);                      \
        REFUSES(call(elements, MANY + 1), E2BIG);                              \
        REFUSES(call(elements, MANY), ERESTART);                               \
    } while (0)

static void suite_grant_map(void)
{
    static struct parapet_grant_map maps[MANY];
    struct parapet_grant_map *m = &maps[0];
    struct parapet_grant_unmap u = {0};

    m->domain = SELF;
    m->pte = window_pte();
    m->bits = PARAPET_PTE_W;
    RETURNS(hypercall_grant_map(maps, 1), 0);
    MG_DONE(m->status);
    page[7] = 77;
    MG_CHECK_EQ(window[7], 77);
    u.handle = m->handle;
    MG_DONE(hypercall_grant_unmap(&u, 1));
    MG_DONE(u.status);
    m->domain = 0;
    REFUSES_ARRAYS(hypercall_grant_map, maps);
}

static void suite_grant_unmap(void)
{
    static struct parapet_grant_unmap unmaps[MANY];

    RETURNS(hypercall_grant_unmap(unmaps, 1), 0);
    MG_CHECK_EQ(unmaps[0].status, -PARAPET_ENOENT);
    REFUSES_ARRAYS(hypercall_grant_unmap, unmaps);
}

static void suite_grant_hold(void)
{
    static struct parapet_grant_hold holds[MANY];
    struct parapet_grant_unmap u = {0};

    holds[0].domain = SELF;
    RETURNS(hypercall_grant_hold(holds, 1), 0);
    MG_DONE(holds[0].status);
    MG_CHECK_EQ(holds[0].maddr, mg_mfn_of(page) * MG_PAGE_SIZE);
    u.handle = holds[0].handle;
    MG_DONE(hypercall_grant_release(&u, 1));
    MG_DONE(u.status);
    holds[0].domain = 0;
    REFUSES_ARRAYS(hypercall_grant_hold, holds);
}

static void suite_grant_hold_run(void)
{
    static struct parapet_grant_run runs[MANY];
    struct parapet_grant_unmap u = {0};
    uint64_t maddr = 0;

    runs[0] = (struct parapet_grant_run){
        .domain = SELF, .nr = 1, .maddrs = (uint64_t)&maddr};
    RETURNS(hypercall_grant_hold_run(runs, 1), 0);
    MG_DONE(runs[0].status);
    MG_CHECK_EQ(maddr, mg_mfn_of(page) * MG_PAGE_SIZE);
    u.handle = runs[0].handle;
    MG_DONE(hypercall_grant_release(&u, 1));
    MG_DONE(u.status);
    runs[0].nr = 0;
    REFUSES_ARRAYS(hypercall_grant_hold_run, runs);
}

static void suite_grant_release(void)
{
    static struct parapet_grant_unmap unmaps[MANY];

    RETURNS(hypercall_grant_release(unmaps, 1), 0);
    MG_CHECK_EQ(unmaps[0].status, -PARAPET_ENOENT);
    REFUSES_ARRAYS(hypercall_grant_release, unmaps);
}

static void suite_grant_copy(void)
{
    static struct parapet_grant_copy copies[MANY];
    struct parapet_grant_copy *c = &copies[0];

    *c = (struct parapet_grant_copy){
        {SELF, 0, 56},
        {PARAPET_DOMAIN_SELF, 0, mg_mfn_of(page) * MG_PAGE_SIZE + 64},
        8,
        99};
    RETURNS(hypercall_grant_copy(copies, 1), 0);
    MG_DONE(c->status);
    MG_CHECK_EQ(page[8], page[7]);
    REFUSES_ARRAYS(hypercall_grant_copy, copies);
}

/* To let it go takes longer than two calls may. */
static void leave_much_to_let_go(void)
{
    uint64_t entries[MG_PTES];
    const uint64_t *table;

    for (int i = 0; i < MG_PTES; i++)
        entries[i] = mg_pte(page, MG_READ);
    table = mg_table(entries);
    MG_DONE(mg_pin(table, PARAPET_TABLE_L1));
    MG_DONE(mg_unpin(table));
}

static void suite_grant_grow(void)
{
    const uint64_t *table = mg_table(NULL), *grown = mg_page();
    int64_t nr = 2;

    RETURNS(hypercall_grant_grow(mg_mfn_of(grown)), 2);
    REFUSES(hypercall_grant_grow(0), EPERM);
    REFUSES(hypercall_grant_grow(~0ul), EPERM);
    MG_DONE(mg_pin(table, PARAPET_TABLE_L1));
    REFUSES(hypercall_grant_grow(mg_mfn_of(table)), EBUSY);
    REFUSES(hypercall_grant_grow(mg_mfn_of(grown)), EBUSY);
    leave_much_to_let_go();
    REFUSES(hypercall_grant_grow(0), ERESTART);
    /* Each takes one frame more for the hypervisor. */
    while (nr < PARAPET_MAX_GRANT_FRAMES) {
        int64_t result =
            HYPERCALL_RESTARTED(hypercall_grant_grow(mg_mfn_of(mg_page())));

        if (result < 0)
            break;
        MG_CHECK_EQ(result, ++nr);
    }
    REFUSES(hypercall_grant_grow(mg_mfn_of(mg_page())), ENOSPC);
    mg_suite_excuse(PARAPET_ENOMEM); /* tests/unit/test_grant.c */
}

static void suite_grant_status(void)
{
    struct parapet_grant_status s;

    RETURNS(hypercall_grant_status(0, &s), 0);
    REFUSES(hypercall_grant_status(0, NULL), EFAULT);
    REFUSES(hypercall_grant_status(0xffffffff, &s), EINVAL);
}

static const struct mg_suite suites[] = {
    MG_SUITE(grant_map),     MG_SUITE(grant_unmap),    MG_SUITE(grant_hold),
    MG_SUITE(grant_release), MG_SUITE(grant_copy),     MG_SUITE(grant_grow),
    MG_SUITE(grant_status),  MG_SUITE(grant_hold_run),
};

void test_main(void)
{
    lend();
    for (size_t i = 0; i < mg_nr_hypercalls; i++) {
        uint64_t number = mg_hypercalls[i].number;

        if (number < 96 || number >= 112)
            continue;
        mg_suite_run(suites, ARRAY_SIZE(suites), number);
        mg_audit();
    }
}

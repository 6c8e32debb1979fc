/* SPDX-License-Identifier: MIT
 *
 * Stale translations. A partner writes to a frame of ours, without a pause, on
 * two CPUs, by a mapping that it lets go. The frame is ours again then, and
 * becomes a page table: the partner's stores fault from that moment on, and
 * hit nothing. So it is, too, when the mapping goes with the partner.
 *
 * The flush that this is about is a mutation's in tests/mutations, and
 * tests/system/grants.py takes it out and has this fail.
 *
 * BUNDLE: memory=32M
 * QEMU: privileged=1 smp=3 patience=120
 * METER: it takes CPUs that run at once
 * VARIANT: some
 * VARIANT: all soak=1 bootargs="times=20"
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/control_loan.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(control_grant_stale);

#define ROUNDS 5
#define NR_WRITERS 2
#define INDEX 7 /* in the partner's window */
#define REF 3

/* vCPUs 1 and on of the partner. */
static struct mg_pair writers[NR_WRITERS];

static volatile uint64_t *page;

static void begin_writers(void)
{
    uint64_t vaddr = mg_pair_window_at(&mg_partner, INDEX);

    for (uint32_t i = 0; i < NR_WRITERS; i++) {
        mg_pair_init(&writers[i], mg_partner.id, i + 1);
        mg_pair_new(&writers[i]);
        (void)mg_pair_add(&writers[i], MG_PAIR_STORE, vaddr + 8 * i, ~0ul, 0);
        mg_pair_begin(&writers[i], UINT64_MAX);
    }
}

/* Each has done some stores more, whatever came of them. */
static void let_them_write(uint64_t nr)
{
    for (uint32_t i = 0; i < NR_WRITERS; i++) {
        uint64_t end = mg_clock_ns() + MG_PATIENCE;
        uint64_t before = writers[i].box->rounds;

        while (writers[i].box->rounds - before < nr) {
            if (mg_clock_ns() > end)
                mg_error("vCPU %u does not write", i + 1);
        }
    }
}

/* What they write comes to us: both CPUs have the translation. */
static void wait_for_all(void)
{
    for (uint32_t i = 0; i < NR_WRITERS; i++) {
        page[i] = 0;
        if (!mg_clock_wait(&page[i]))
            mg_error("vCPU %u's stores do not arrive", i + 1);
    }
}

static uint32_t lend(void)
{
    uint32_t handle = 0;

    mg_grant_lend(REF, mg_partner.id, page, 0);
    MG_DONE(mg_pair_map(&mg_partner, 0, REF, INDEX, PARAPET_PTE_W, &handle));
    wait_for_all();
    return handle;
}

/* It is ours again; all of it is zero, and it becomes a table of this level. */
static void make_table(uint32_t level)
{
    MG_CHECK(mg_grant_take_back(REF));
    for (uint32_t i = 0; i < NR_WRITERS; i++)
        page[i] = 0;
    MG_DONE(mg_set_writable(page, false));
    MG_DONE(mg_pin((const uint64_t *)page, level));
}

static void check_table(void)
{
    for (uint64_t i = 0; i < MG_PTES; i++) {
        if (!MG_CHECK_EQ(page[i], 0))
            mg_error("a partner has written entry %lu of a table", i);
    }
    mg_audit();
}

static void make_page(void)
{
    MG_DONE(mg_unpin((const uint64_t *)page));
    MG_DONE(mg_set_writable(page, true));
}

static void test_unmap(uint32_t level)
{
    uint32_t handle = lend();

    MG_DONE(mg_pair_unmap(&mg_partner, handle));
    make_table(level);
    let_them_write(50);
    check_table();
    make_page();
}

/* It never stops writing. */
static void test_destroy(uint32_t level)
{
    (void)lend();
    MG_DONE(mg_domain_destroy(mg_partner.id));
    make_table(level);
    mg_clock_delay(MG_MS);
    check_table();
    make_page();
    for (uint32_t i = 0; i < NR_WRITERS; i++)
        mg_pair_close(&writers[i]);
    mg_pair_close(&mg_partner);
}

void test_main(void)
{
    uint64_t rounds = ROUNDS * mg_argument("times", 1);

    mg_loan_init();
    page = mg_page();
    for (uint32_t level = PARAPET_TABLE_L1; level <= PARAPET_TABLE_L3;
         level++) {
        mg_partner_begin(1 + NR_WRITERS);
        begin_writers();
        for (uint64_t n = 0; n < rounds && !mg_failures(); n++)
            test_unmap(level);
        test_destroy(level);
    }
}

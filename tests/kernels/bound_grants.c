/* SPDX-License-Identifier: MIT
 *
 * No call of grants keeps the CPU for longer than the ABI says, nor does the
 * end of who has lent or borrowed much. Each case is as bad as guests can make
 * it: elements that each need another lender's lock, or change the type of a
 * frame, or fail at the very end; copies of whole frames, or of what overlaps;
 * entries that each were the last thing of a full table; frames of the dead.
 * What a partner's own calls take says the meter.
 *
 * BUNDLE: memory=64M
 * QEMU: privileged=1 icount=1 patience=120 append="audit=off"
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/bound.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/control_loan.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(bound_grants);

#define NR PARAPET_MAX_GRANT_ELEMENTS
#define NR_FRAMES                                                              \
    PARAPET_GRANTS_PER_FRAME /* of each lender, as many as refs                \
                              */

static struct mg_lender lenders[2];
static struct mg_window window;

static struct parapet_grant_map maps[NR];
static struct parapet_grant_unmap unmaps[NR];
static struct parapet_grant_hold holds[NR];
static struct parapet_grant_copy copies[NR];

/* Each call of a batch, to its end, is noted. */
#define BATCH(name, call, elements, nr)                                        \
    do {                                                                       \
        uint64_t batch_done = 0;                                               \
        int64_t batch_result;                                                  \
        while ((batch_result = MG_BOUNDED(                                     \
                    name, call((elements) + batch_done, (nr)-batch_done))) ==  \
               -PARAPET_ERESTART)                                              \
            batch_done += mg_vcpu_page()->restart_done;                        \
        MG_DONE(batch_result);                                                 \
    } while (0)

static void make_lenders(void)
{
    for (int n = 0; n < 2; n++) {
        mg_lender_make(&lenders[n], NR_FRAMES);
        for (uint32_t i = 0; i < NR_FRAMES; i++)
            mg_lender_lend(&lenders[n], i, PARAPET_GRANT_LEND, 0,
                           lenders[n].mfns[i]);
    }
}

/* With lenders of which nobody has borrowed: each frame that is borrowed to
 * write becomes writable memory first. */
static void with_new_lenders(void (*test)(void))
{
    make_lenders();
    test();
    for (int i = 0; i < 2; i++)
        MG_DONE(mg_domain_destroy(lenders[i].id));
}

/* ---- maps and holds ---- */

/* By turns from one lender and from the other. */
static void fill_maps(uint64_t bits)
{
    for (uint32_t i = 0; i < NR; i++)
        maps[i] = (struct parapet_grant_map){.domain = lenders[i % 2].id,
                                             .ref = i / 2,
                                             .pte = mg_window_pte(&window, i),
                                             .bits = bits,
                                             .status = 1};
}

/* The first half of them is of one lender, so that a call can do many. */
static void one_lender_after_the_other(uint32_t nr)
{
    for (uint32_t i = 0; i < nr; i++)
        maps[i].domain = lenders[2 * i / nr].id;
}

static void expect_maps(int32_t status)
{
    for (uint32_t i = 0; i < NR; i++) {
        if (!MG_CHECK_EQ(maps[i].status, status))
            return;
    }
}

static void unmap_all(const char *name)
{
    for (uint32_t i = 0; i < NR; i++)
        unmaps[i] = (struct parapet_grant_unmap){maps[i].handle, 1};
    BATCH(name, hypercall_grant_unmap, unmaps, NR);
    for (uint32_t i = 0; i < NR; i++)
        MG_DONE(unmaps[i].status);
}

static void test_maps(void)
{
    fill_maps(PARAPET_PTE_W);
    BATCH("map", hypercall_grant_map, maps, NR);
    expect_maps(0);
    /* All are taken, and then there is no place for them. */
    for (uint32_t i = 0; i < NR; i++)
        unmaps[i] = (struct parapet_grant_unmap){maps[i].handle, 1};
    BATCH("map, the entry is not empty", hypercall_grant_map, maps, NR);
    expect_maps(-PARAPET_EBUSY);
    BATCH("unmap", hypercall_grant_unmap, unmaps, NR);
    BATCH("unmap, no such handle", hypercall_grant_unmap, unmaps, NR);
    fill_maps(0);
    one_lender_after_the_other(NR);
    BATCH("map to read", hypercall_grant_map, maps, NR);
    expect_maps(0);
    unmap_all("unmap, to read");
    fill_maps(PARAPET_PTE_W);
    for (uint32_t i = 0; i < NR; i++)
        maps[i].domain = 0x7ffffff0;
    BATCH("map, no such domain", hypercall_grant_map, maps, NR);
    expect_maps(-PARAPET_ENOENT);
}

static void fill_holds(void)
{
    for (uint32_t i = 0; i < NR; i++)
        holds[i] = (struct parapet_grant_hold){
            .domain = lenders[i % 2].id, .ref = i / 2, .status = 1};
}

static void test_holds(void)
{
    fill_holds();
    BATCH("hold", hypercall_grant_hold, holds, NR);
    for (uint32_t i = 0; i < NR; i++) {
        MG_DONE(holds[i].status);
        unmaps[i] = (struct parapet_grant_unmap){holds[i].handle, 1};
    }
    BATCH("release", hypercall_grant_release, unmaps, NR);
    for (uint32_t i = 0; i < NR; i++)
        MG_DONE(unmaps[i].status);
}

/* ---- runs ---- */

#define RUN PARAPET_MAX_GRANT_RUN
#define NR_RUNS 24

static struct parapet_grant_run runs[NR_RUNS];
static uint64_t maddrs[RUN];

/* By turns from one lender and from the other. */
static void fill_runs(uint32_t nr, uint32_t flags)
{
    for (uint32_t i = 0; i < NR_RUNS; i++)
        runs[i] =
            (struct parapet_grant_run){.domain = lenders[i % 2].id,
                                       .ref = i * (RUN / 2) % (NR_FRAMES - RUN),
                                       .flags = flags,
                                       .nr = nr,
                                       .maddrs = (uint64_t)maddrs,
                                       .status = 1};
}

/* What is just being made writable memory is to be asked for once more. */
static void hold_runs(const char *name, int32_t status)
{
    bool again = true;

    for (unsigned int tries = 0; again && tries < RUN; tries++) {
        again = false;
        for (uint32_t i = 0; i < NR_RUNS; i++) {
            if (runs[i].status != 1 && runs[i].status != -PARAPET_EAGAIN)
                continue;
            BATCH(name, hypercall_grant_hold_run, &runs[i], 1);
            again |= runs[i].status == -PARAPET_EAGAIN;
        }
    }
    for (uint32_t i = 0; i < NR_RUNS; i++)
        MG_CHECK_EQ(runs[i].status, status);
}

static void release_runs(const char *name)
{
    for (uint32_t i = 0; i < NR_RUNS; i++)
        unmaps[i] = (struct parapet_grant_unmap){runs[i].handle, 1};
    BATCH(name, hypercall_grant_release, unmaps, NR_RUNS);
    for (uint32_t i = 0; i < NR_RUNS; i++)
        MG_DONE(unmaps[i].status);
}

/* The first ones make frames writable memory. Then several are in one call,
 * which lend entries that are in use; and each fails at its last entry. */
static void test_runs(void)
{
    fill_runs(RUN, 0);
    hold_runs("run", 0);
    release_runs("release of runs");
    fill_runs(RUN, 0);
    BATCH("runs", hypercall_grant_hold_run, runs, NR_RUNS);
    release_runs("release of runs");
    fill_runs(RUN, PARAPET_GRANT_READONLY);
    BATCH("runs to read", hypercall_grant_hold_run, runs, NR_RUNS);
    release_runs("release of runs to read");
    for (int n = 0; n < 2; n++)
        mg_lender_lend(&lenders[n], NR_FRAMES - 1, 0, 0, 0);
    fill_runs(RUN, 0);
    for (uint32_t i = 0; i < NR_RUNS; i++)
        runs[i].ref = NR_FRAMES - RUN;
    BATCH("runs that fail at the end", hypercall_grant_hold_run, runs, NR_RUNS);
    for (uint32_t i = 0; i < NR_RUNS; i++)
        MG_CHECK_EQ(runs[i].status, -PARAPET_EPERM);
    fill_runs(1, 0);
    BATCH("runs of one", hypercall_grant_hold_run, runs, NR_RUNS);
    release_runs("release of runs of one");
}

/* Each faults once, in the hypervisor, and the call goes on. (Some frames must
 * become writable memory first, for which there may be too little work.) */
static void test_untold_runs(void)
{
    static struct parapet_grant_run many[64];
    unsigned int nr_untold = 0;

    for (uint32_t i = 0; i < ARRAY_SIZE(many); i++)
        many[i] = (struct parapet_grant_run){
            .domain = lenders[i % 2].id, .ref = i, .nr = 1, .status = 1};
    for (int n = 0; n < 2; n++)
        BATCH("runs that cannot be told", hypercall_grant_hold_run, many,
              ARRAY_SIZE(many));
    for (uint32_t i = 0; i < ARRAY_SIZE(many); i++) {
        MG_CHECK(many[i].status == -PARAPET_EFAULT ||
                 many[i].status == -PARAPET_EAGAIN);
        nr_untold += many[i].status == -PARAPET_EFAULT;
    }
    MG_CHECK(nr_untold > ARRAY_SIZE(many) / 2);
}

/* ---- copies ---- */

static void copy_all(const char *name)
{
    BATCH(name, hypercall_grant_copy, copies, NR);
    for (uint32_t i = 0; i < NR; i++) {
        if (!MG_DONE(copies[i].status))
            return;
    }
}

static void test_copies(void)
{
    uint64_t *page = mg_page();

    for (uint32_t i = 0; i < NR; i++)
        copies[i] = (struct parapet_grant_copy){
            .source = mg_grant_lent(lenders[i % 2].id, i / 2, 0),
            .dest = mg_grant_lent(lenders[(i + 1) % 2].id, i / 2, 0),
            .length = MG_PAGE_SIZE};
    copy_all("copy of a frame");
    for (uint32_t i = 0; i < NR; i++) {
        copies[i].source.at = 1;
        copies[i].dest = mg_grant_own(page);
        copies[i].length = MG_PAGE_SIZE - 1;
    }
    copy_all("copy, not aligned");
    for (uint32_t i = 0; i < NR; i++) {
        copies[i].dest = copies[i].source;
        copies[i].dest.at = 4;
        copies[i].length = MG_PAGE_SIZE - 4;
    }
    copy_all("copy that overlaps");
    for (uint32_t i = 0; i < NR; i++) {
        copies[i].source = mg_grant_own(page);
        copies[i].dest = mg_grant_own(page + 1);
        copies[i].length = MG_PAGE_SIZE - 8;
    }
    copy_all("copy within an own frame");
}

/* ---- what is in use already ---- */

/* One entry of each lender, by turns, as often as there is place for it. */
static void test_in_use(void)
{
    fill_maps(PARAPET_PTE_W);
    for (uint32_t i = 0; i < NR; i++) {
        maps[i].ref = 0;
        holds[i] = (struct parapet_grant_hold){.domain = lenders[i % 2].id,
                                               .status = 1};
        copies[i] = (struct parapet_grant_copy){
            .source = mg_grant_lent(lenders[i % 2].id, 0, 0),
            .dest = mg_grant_lent(lenders[(i + 1) % 2].id, 0, 0),
            .length = MG_PAGE_SIZE};
    }
    BATCH("hold, in use", hypercall_grant_hold, holds, NR);
    BATCH("map, in use", hypercall_grant_map, maps, NR);
    expect_maps(0);
    copy_all("copy, in use");
    for (uint32_t i = 0; i < NR; i++) {
        copies[i].dest.at = 4;
        copies[i].length = MG_PAGE_SIZE - 4;
        if (i % 2)
            copies[i].dest.domain = copies[i].source.domain;
    }
    copy_all("copy that overlaps, in use");
    for (uint32_t i = 0; i < NR; i++)
        unmaps[i] = (struct parapet_grant_unmap){maps[i].handle, 1};
    BATCH("map, in use, and the entry is not empty", hypercall_grant_map, maps,
          NR);
    expect_maps(-PARAPET_EBUSY);
    BATCH("unmap, in use", hypercall_grant_unmap, unmaps, NR);
    for (uint32_t i = 0; i < NR; i++)
        unmaps[i] = (struct parapet_grant_unmap){holds[i].handle, 1};
    BATCH("release, in use", hypercall_grant_release, unmaps, NR);
    for (uint32_t i = 0; i < NR; i++)
        MG_DONE(unmaps[i].status);
}

/* ---- tables ---- */

#define NR_TABLES 256

/*
 * Each table is in use by the entry of a grant alone, and full of others: when
 * that goes, so does the table.
 */
static void test_last_entries(void)
{
    uint64_t *page = mg_page(), *tables = mg_pages(NR_TABLES);

    fill_maps(PARAPET_PTE_W);
    one_lender_after_the_other(NR_TABLES);
    for (uint64_t i = 0; i < NR_TABLES; i++) {
        uint64_t *table = tables + i * MG_PTES;

        for (uint64_t j = 1; j < MG_PTES; j++)
            table[j] = mg_pte(page, MG_READ);
        MG_DONE(mg_set_writable(table, false));
        MG_DONE(mg_pin(table, PARAPET_TABLE_L1));
        maps[i].pte = mg_entry_of(table, 0);
    }
    BATCH("map, a table each", hypercall_grant_map, maps, NR_TABLES);
    for (uint64_t i = 0; i < NR_TABLES; i++) {
        MG_DONE(maps[i].status);
        MG_DONE(mg_unpin(tables + i * MG_PTES));
        unmaps[i] = (struct parapet_grant_unmap){maps[i].handle, 1};
    }
    BATCH("unmap, the last of a full table", hypercall_grant_unmap, unmaps,
          NR_TABLES);
    MG_DONE(MG_BOUNDED_ALL("release", hypercall_mmu_update(maps, 0, ~0ul)));
}

/* ---- all at once ---- */

#define NR_ROUND 32     /* elements, as in hypervisor/core/grant_call.h */
#define NR_NEW 10       /* of these: of a frame that changes its type */
#define LEAST_TABLES 12 /* about as many as one call lets go */
#define MOST_TABLES 18
#define HANDLES_PER_FRAME 128 /* as in hypervisor/mm/grant_handle.h */

static uint32_t held[(MOST_TABLES - LEAST_TABLES + 5) * HANDLES_PER_FRAME];
static uint64_t nr_held;

/* The next that we borrow takes another frame for handles. */
static void use_all_handles(void)
{
    uint64_t nr;

    do {
        MG_DONE(mg_grant_hold(lenders[0].id, 0, 0, &held[nr_held++], NULL));
        nr = mg_grant_status(0).nr_handles;
    } while (nr < NR || nr % HANDLES_PER_FRAME != 0);
}

/* Of so many empty tables, what one call does not let go is left. */
static void leave_tables(uint64_t *l2, uint64_t *l1s, uint64_t nr)
{
    MG_DONE(mg_set_writable(l2, true));
    for (uint64_t i = 0; i < MG_PTES; i++)
        l2[i] = i < nr ? mg_pte(l1s + i * MG_PTES, MG_TABLE) : 0;
    MG_DONE(mg_set_writable(l2, false));
    MG_DONE(mg_pin(l2, PARAPET_TABLE_L2));
    MG_DONE(mg_unpin(l2));
}

/* A round of elements that all fail at the end, because their entry is not
 * empty. For the last of them a frame becomes writable memory, from ref on. */
static void map_in_vain(uint32_t ref)
{
    const uint32_t nr_old = NR_ROUND - NR_NEW;

    fill_maps(PARAPET_PTE_W);
    for (uint32_t i = 0; i < NR_ROUND; i++) {
        maps[i].pte = mg_window_pte(&window, 0);
        maps[i].ref = i < nr_old ? 0 : ref + (i - nr_old) / 2;
    }
    BATCH("map, and all that can come before", hypercall_grant_map, maps,
          NR_ROUND);
    for (uint32_t i = 0; i < NR_ROUND; i++)
        MG_CHECK_EQ(maps[i].status, -PARAPET_EBUSY);
}

/* Tables are let go, handles made, frames prepared, and elements fail. */
static void test_mixed(void)
{
    uint64_t *l2 = mg_page(), *l1s = mg_pages(MOST_TABLES);
    uint32_t ref = 1;

    MG_DONE(hypercall_domain_limits(0, mg_domain_info(0).max_frames + 16, 0));
    for (uint64_t i = 0; i < MOST_TABLES; i++)
        MG_DONE(mg_set_writable(l1s + i * MG_PTES, false));
    fill_maps(PARAPET_PTE_W);
    BATCH("map", hypercall_grant_map, maps, 2);
    unmaps[0].handle = maps[0].handle;
    unmaps[1].handle = maps[1].handle;
    for (uint64_t nr = LEAST_TABLES; nr <= MOST_TABLES; nr++) {
        use_all_handles();
        leave_tables(l2, l1s, nr);
        map_in_vain(ref);
        ref += NR_NEW / 2;
    }
    BATCH("unmap", hypercall_grant_unmap, unmaps, 2);
    while (nr_held > 0)
        MG_DONE(mg_grant_release(held[--nr_held]));
}

/* ---- frames that change their type ---- */

#define NR_STEP (MG_PAIR_DATA / sizeof(struct parapet_grant_map))

/* A batch of the partner's, of elements that are in its mailbox. */
static void partner_calls(uint64_t number, uint64_t nr, uint64_t size)
{
    uint64_t done = 0;
    int64_t result;

    do {
        volatile struct mg_pair_step *step;

        mg_pair_new(&mg_partner);
        step = mg_pair_add(
            &mg_partner, MG_PAIR_ONCE, number,
            mg_pair_address(&mg_partner, mg_partner.box->data + done * size),
            nr - done);
        mg_pair_begin(&mg_partner, 1);
        mg_pair_wait(&mg_partner);
        result = step->result;
        done += mg_pair_load(
            &mg_partner, PARAPET_VCPU_PAGE(0ul) +
                             offsetof(struct parapet_vcpu_page, restart_done));
    } while (result == -PARAPET_ERESTART);
    MG_DONE(result);
}

/* So many of ours, by the partner: as many as its mailbox takes. */
static void partner_maps(uint32_t first)
{
    volatile struct parapet_grant_map *there =
        (volatile void *)mg_partner.box->data;

    for (uint32_t i = 0; i < NR_STEP; i++) {
        there[i].domain = 0;
        there[i].ref = first + i;
        there[i].pte = mg_partner.box->pte + 8 * (first + i);
        there[i].bits = PARAPET_PTE_W;
        there[i].status = 1;
    }
    partner_calls(PARAPET_HC_grant_map, NR_STEP, sizeof(there[0]));
    for (uint32_t i = 0; i < NR_STEP; i++)
        MG_DONE(there[i].status);
}

static void make_tables(uint64_t *tables)
{
    for (uint32_t i = 0; i < NR_FRAMES; i++) {
        MG_DONE(mg_pin(tables + i * MG_PTES, PARAPET_TABLE_L2));
        MG_DONE(mg_unpin(tables + i * MG_PTES));
    }
}

/* They were tables, and each becomes memory again by being written to. */
static void test_copies_to_tables(const uint64_t *tables)
{
    for (uint32_t i = 0; i < NR_FRAMES; i++)
        copies[i] = (struct parapet_grant_copy){
            .source = mg_grant_lent(lenders[i % 2].id, 0, 0),
            .dest = mg_grant_own(tables + i * MG_PTES),
            .length = MG_PAGE_SIZE};
    BATCH("copy to frames that were tables", hypercall_grant_copy, copies,
          NR_FRAMES);
    for (uint32_t i = 0; i < NR_FRAMES; i++)
        MG_DONE(copies[i].status);
}

/* The same by being borrowed. */
static void test_types(void)
{
    uint64_t *tables = mg_pages(NR_FRAMES);

    for (uint32_t i = 0; i < NR_FRAMES; i++) {
        MG_DONE(mg_set_writable(tables + i * MG_PTES, false));
        mg_grant_lend(i, mg_partner.id, tables + i * MG_PTES, 0);
    }
    make_tables(tables);
    test_copies_to_tables(tables);
    make_tables(tables);
    for (uint32_t i = 0; i < NR_FRAMES; i += NR_STEP)
        partner_maps(i);
}

/* ---- ends ---- */

#define NR_PARTNERS_HOLDS 4096

/* The partner has what it maps in test_types(), and these. */
static void let_partner_hold(void)
{
    volatile struct parapet_grant_hold *there =
        (volatile void *)mg_partner.box->data;
    uint64_t max = mg_domain_info(mg_partner.id).max_frames;

    MG_DONE(hypercall_domain_limits(
        mg_partner.id, max + NR_PARTNERS_HOLDS / HANDLES_PER_FRAME, 0));
    for (uint32_t i = 0; i < NR_FRAMES; i++)
        mg_lender_lend(&lenders[0], i, PARAPET_GRANT_LEND, mg_partner.id,
                       lenders[0].mfns[i]);
    for (uint32_t i = 0; i < NR_PARTNERS_HOLDS; i += NR_STEP) {
        for (uint32_t j = 0; j < NR_STEP; j++) {
            there[j].domain = lenders[0].id;
            there[j].ref = (i + j) % NR_FRAMES;
            there[j].flags = 0;
        }
        partner_calls(PARAPET_HC_grant_hold, NR_STEP, sizeof(there[0]));
        MG_DONE(there[NR_STEP - 1].status);
    }
}

static void test_borrower_ends(void)
{
    let_partner_hold();
    MG_DONE(MG_BOUNDED_ALL("domain_destroy, of who has borrowed much",
                           hypercall_domain_destroy(mg_partner.id)));
    mg_pair_close(&mg_partner);
}

/* All of its frames are ours for a while, by a mapping or a hold, and then the
 * machine's. */
static void test_lenders_end(void)
{
    for (uint32_t i = 0; i < NR_FRAMES; i++)
        mg_lender_lend(&lenders[0], i, PARAPET_GRANT_LEND, 0,
                       lenders[0].mfns[i]);
    fill_maps(PARAPET_PTE_W);
    fill_holds();
    for (uint32_t i = 0; i < NR / 2; i++) {
        maps[i].domain = lenders[i / (NR / 4)].id;
        maps[i].ref = i % (NR / 4);
    }
    BATCH("map", hypercall_grant_map, maps, NR / 2);
    BATCH("hold", hypercall_grant_hold, holds + NR / 2, NR / 2);
    for (int i = 0; i < 2; i++)
        MG_DONE(MG_BOUNDED_ALL("domain_destroy, of who has lent much",
                               hypercall_domain_destroy(lenders[i].id)));
    for (uint32_t i = 0; i < NR; i++)
        unmaps[i].handle = i < NR / 2 ? maps[i].handle : holds[i].handle;
    BATCH("unmap, of the dead", hypercall_grant_unmap, unmaps, NR / 2);
    BATCH("release, of the dead", hypercall_grant_release, unmaps + NR / 2,
          NR / 2);
    for (uint32_t i = 0; i < NR; i++)
        MG_DONE(unmaps[i].status);
}

/* ---- the rest ---- */

static void test_grow(void)
{
    struct parapet_grant_status status;
    int64_t nr = 1;

    MG_DONE(hypercall_domain_limits(
        0, mg_domain_info(0).max_frames + PARAPET_MAX_GRANT_FRAMES, 0));
    while (nr < PARAPET_MAX_GRANT_FRAMES && !mg_failures()) {
        int64_t result = MG_BOUNDED_ALL(
            "grant_grow", hypercall_grant_grow(mg_mfn_of(mg_page())));

        MG_CHECK_EQ(result, ++nr);
    }
    MG_CHECK_EQ(MG_BOUNDED_ALL("grant_grow, no more",
                               hypercall_grant_grow(mg_mfn_of(mg_page()))),
                -PARAPET_ENOSPC);
    MG_DONE(MG_BOUNDED("grant_status", hypercall_grant_status(0, &status)));
    MG_CHECK_EQ(status.nr_handles, 0);
}

void test_main(void)
{
    uint64_t before;

    mg_loan_init();
    window = mg_window_make();
    before = mg_machine_info().free_frames;
    with_new_lenders(test_maps);
    with_new_lenders(test_holds);
    with_new_lenders(test_runs);
    with_new_lenders(test_untold_runs);
    with_new_lenders(test_copies);
    with_new_lenders(test_in_use);
    with_new_lenders(test_mixed);
    make_lenders();
    mg_partner_begin(1);
    test_last_entries();
    test_types();
    test_borrower_ends();
    test_lenders_end();
    /* Less what our handles lie in. */
    MG_CHECK(mg_machine_info().free_frames <= before);
    test_grow();
    mg_bound_report();
}

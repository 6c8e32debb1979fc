/* SPDX-License-Identifier: MIT
 *
 * The suites of the memory hypercalls (see lib/suite.h). What they are for, and
 * what they must never do, is in memory_*.c. What a call returns does not
 * depend on when it is made: so instructions are counted, and one boot is
 * enough.
 *
 * BUNDLE: memory=64M
 * QEMU: patience=300 once=1
 * VARIANT: audited icount=1
 * VARIANT: each_audited icount=1 soak=1 bootargs="each=1"
 * VARIANT: unaudited append="audit=off"
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/suite.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(suite_memory);

#define L1 PARAPET_TABLE_L1
#define L2 PARAPET_TABLE_L2
#define L4 PARAPET_TABLE_L4
#define USER PARAPET_TABLE_USER

#define SCRATCH 0x10000000ul

/* A pinned level-1 table that maps SCRATCH, and a page to map. */
static uint64_t *scratch, *page;

static void make_scratch(void)
{
    uint64_t *l2, *l3;

    page = mg_page();
    scratch = mg_table(NULL);
    l2 = mg_table_of(mg_index(SCRATCH, 2), mg_pte(scratch, MG_TABLE));
    l3 = mg_table_of(0, mg_pte(l2, MG_TABLE));
    MG_DONE(mg_update(mg_entry_of(mg_start_root(), 0), mg_pte(l3, MG_TABLE)));
}

/* ---- what takes long ---- */

/* A level-2 table with more below it than one call can check or let go. */
static uint64_t *large_tree(void)
{
    uint64_t entries[MG_PTES];
    uint64_t tables[MG_PTES] = {0};

    for (int i = 0; i < MG_PTES; i++)
        entries[i] = mg_pte(page, MG_USER);
    for (int i = 0; i < 4; i++)
        tables[i] = mg_pte(mg_table(entries), MG_TABLE);
    return mg_table(tables);
}

/* After this the hypervisor has something to let go. */
static void leave_work(void)
{
    uint64_t *tree = large_tree();

    MG_DONE(mg_pin(tree, L2));
    MG_DONE(hypercall_mmu_unpin(mg_mfn_of(tree)));
}

/* ---- what has too many references ---- */

/*
 * A page that is a user root and has all the references that there can be: its
 * mapping in the direct map, its pin, and read-only mappings in thousands of
 * tables.
 */
static uint64_t *crowd(void)
{
    static uint64_t *crowded;
    uint64_t entries[MG_PTES], nr = 2;
    struct parapet_memory_limits limits = {0};

    if (crowded)
        return crowded;
    MG_DONE(hypercall_memory_limits(&limits));
    crowded = mg_table(NULL);
    MG_DONE(mg_pin(crowded, USER));
    for (uint64_t i = 0; i < MG_PTES; i++)
        entries[i] = mg_pte(crowded, MG_USER);
    while (nr < limits.max_references && !mg_failures()) {
        uint64_t left = limits.max_references - nr;

        for (uint64_t i = left; i < MG_PTES; i++)
            entries[i] = 0;
        MG_DONE(mg_pin(mg_table(entries), L1));
        nr += left < MG_PTES ? left : MG_PTES;
    }
    return crowded;
}

/* ---- changing tables ---- */

static int64_t update_one(uint64_t entry, uint64_t value)
{
    struct parapet_pte_update update = {entry, value};

    return hypercall_mmu_update(&update, 1, ~0ul);
}

static void suite_mmu_update(void)
{
    static struct parapet_pte_update updates[PARAPET_MAX_UPDATES];
    uint64_t entry = mg_entry_of(scratch, 1);

    RETURNS(update_one(entry, mg_pte(page, MG_WRITE)), 0);
    MG_CHECK_EQ(scratch[1],
                mg_pte(page, MG_WRITE | PARAPET_PTE_U | PARAPET_PTE_KERNEL));
    RETURNS(update_one(entry, 0), 0);
    REFUSES(hypercall_mmu_update(NULL, 1, ~0ul), EFAULT);
    REFUSES(update_one(entry, mg_pte(page, MG_WRITE) | 0x80), EINVAL);
    REFUSES(update_one(entry, MG_WRITE), EPERM);
    REFUSES(update_one(mg_entry_of(page, 0), 0), ENOENT);
    REFUSES(update_one(entry, mg_pte(scratch, MG_WRITE)), EBUSY);
    REFUSES(update_one(entry, mg_pte(crowd(), MG_READ)), ENOSPC);
    REFUSES(hypercall_mmu_update(updates, PARAPET_MAX_UPDATES + 1, ~0ul),
            E2BIG);
    for (size_t i = 0; i < ARRAY_SIZE(updates); i++)
        updates[i].pte = entry;
    REFUSES(hypercall_mmu_update(updates, ARRAY_SIZE(updates), ~0ul), ERESTART);
}

static int64_t set_va(uint64_t vaddr, uint64_t value, uint32_t flush)
{
    return hypercall_mmu_update_va(vaddr, value, flush);
}

static void suite_mmu_update_va(void)
{
    const uint64_t value = mg_pte(page, MG_WRITE);

    for (uint32_t flush = 0; flush <= PARAPET_FLUSH_ALL; flush++) {
        RETURNS(set_va(SCRATCH, value, flush), 0);
        *(volatile uint64_t *)SCRATCH = flush;
        MG_CHECK_EQ(page[0], flush);
        RETURNS(set_va(SCRATCH, 0, flush), 0);
    }
    REFUSES(set_va(SCRATCH, value, PARAPET_FLUSH_ALL + 1), EINVAL);
    REFUSES(set_va(SCRATCH + 1, value, 0), EINVAL);
    REFUSES(set_va(PARAPET_HYPERVISOR_START, value, 0), EINVAL);
    REFUSES(set_va(1ul << 47, value, 0), EINVAL);
    REFUSES(set_va(SCRATCH, value | 0x80, 0), EINVAL);
    REFUSES(set_va(SCRATCH, MG_WRITE, 0), EPERM);
    REFUSES(set_va(SCRATCH + (1ul << 30), value, 0), ENOENT);
    REFUSES(set_va(SCRATCH, mg_pte(scratch, MG_WRITE), 0), EBUSY);
    REFUSES(set_va(SCRATCH, mg_pte(crowd(), MG_READ), 0), ENOSPC);
    leave_work();
    REFUSES(set_va(SCRATCH, 0, 0), ERESTART);
}

static int64_t pin(const uint64_t *table, uint32_t type)
{
    return hypercall_mmu_pin(mg_mfn_of(table), type);
}

static void suite_mmu_pin(void)
{
    uint64_t *tree = large_tree();

    for (uint32_t type = L1; type <= USER; type++) {
        uint64_t *table = mg_table(NULL);

        RETURNS(pin(table, type), 0);
        REFUSES(pin(table, type), EEXIST);
    }
    REFUSES(pin(mg_table(NULL), 0), EINVAL);
    REFUSES(pin(mg_table(NULL), USER + 1), EINVAL);
    REFUSES(pin(mg_table_of(1, mg_pte(page, MG_USER) | 0x100), L1), EINVAL);
    REFUSES(hypercall_mmu_pin(0, L1), EPERM);
    REFUSES(pin(mg_table_of(1, MG_USER), L1), EPERM);
    REFUSES(pin(page, L1), EBUSY);
    REFUSES(pin(mg_table_of(1, mg_pte(crowd(), MG_USER)), L1), ENOSPC);
    REFUSES(pin(tree, L2), ERESTART);
    MG_DONE(mg_pin(tree, L2));
}

static void suite_mmu_unpin(void)
{
    uint64_t *table = mg_table(NULL);

    MG_DONE(mg_pin(table, L1));
    RETURNS(hypercall_mmu_unpin(mg_mfn_of(table)), 0);
    REFUSES(hypercall_mmu_unpin(mg_mfn_of(table)), ENOENT);
    REFUSES(hypercall_mmu_unpin(mg_mfn_of(page)), ENOENT);
    REFUSES(hypercall_mmu_unpin(0), EPERM);
    MG_DONE(mg_pin(table, L1));
    leave_work();
    REFUSES(hypercall_mmu_unpin(mg_mfn_of(table)), ERESTART);
    MG_DONE(mg_unpin(table));
}

/* ---- roots and flushes ---- */

/* The crowded user root is a kernel root for a while. */
static void suite_mmu_set_kernel_root(void)
{
    uint64_t *root = mg_kernel_root();

    MG_DONE(mg_pin(root, L4));
    RETURNS(hypercall_mmu_set_kernel_root(mg_mfn_of(root)), 0);
    RETURNS(hypercall_mmu_set_kernel_root(mg_mfn_of(mg_start_root())), 0);
    MG_DONE(mg_unpin(root));
    REFUSES(hypercall_mmu_set_kernel_root(mg_mfn_of(root)), ENOENT);
    REFUSES(hypercall_mmu_set_kernel_root(0), EPERM);
    MG_DONE(mg_unpin(crowd()));
    MG_DONE(mg_pin(crowd(), L4));
    REFUSES(hypercall_mmu_set_kernel_root(mg_mfn_of(crowd())), ENOSPC);
    MG_DONE(mg_unpin(crowd()));
    MG_DONE(mg_pin(crowd(), USER));
    mg_suite_excuse(PARAPET_ERESTART); /* memory_wait.c */
}

static void suite_mmu_set_user_root(void)
{
    uint64_t *root = mg_table(NULL);

    MG_DONE(mg_pin(root, USER));
    RETURNS(hypercall_mmu_set_user_root(mg_mfn_of(root)), 0);
    RETURNS(hypercall_mmu_set_user_root(0), 0);
    MG_DONE(mg_unpin(root));
    REFUSES(hypercall_mmu_set_user_root(mg_mfn_of(root)), ENOENT);
    REFUSES(hypercall_mmu_set_user_root(1ul << 40), EPERM);
    REFUSES(hypercall_mmu_set_user_root(mg_mfn_of(crowd())), ENOSPC);
    mg_suite_excuse(PARAPET_ERESTART); /* memory_wait.c */
}

/* What the next load sees, after the entry has gone to another page. */
static uint64_t load_after(uint64_t other, int64_t (*flush)(void))
{
    volatile uint64_t *word = (volatile uint64_t *)SCRATCH;

    MG_DONE(mg_set_va(SCRATCH, mg_pte(page, MG_READ)));
    page[0] = 1;
    MG_CHECK_EQ(*word, 1);
    MG_DONE(set_va(SCRATCH, other, PARAPET_FLUSH_NONE));
    RETURNS(flush(), 0);
    return *word;
}

static int64_t invalidate_local(void)
{
    return hypercall_mmu_invalidate(SCRATCH, PARAPET_FLUSH_LOCAL);
}

static int64_t invalidate_all(void)
{
    return hypercall_mmu_invalidate(SCRATCH + 123, PARAPET_FLUSH_ALL);
}

static void suite_mmu_invalidate(void)
{
    uint64_t *other = mg_page();

    other[0] = 2;
    MG_CHECK_EQ(load_after(mg_pte(other, MG_READ), invalidate_local), 2);
    MG_CHECK_EQ(load_after(mg_pte(other, MG_READ), invalidate_all), 2);
    REFUSES(hypercall_mmu_invalidate(SCRATCH, PARAPET_FLUSH_NONE), EINVAL);
    REFUSES(hypercall_mmu_invalidate(SCRATCH, PARAPET_FLUSH_ALL + 1), EINVAL);
    REFUSES(
        hypercall_mmu_invalidate(PARAPET_HYPERVISOR_START, PARAPET_FLUSH_LOCAL),
        EINVAL);
    REFUSES(hypercall_mmu_invalidate(1ul << 47, PARAPET_FLUSH_LOCAL), EINVAL);
}

static int64_t flush_local(void)
{
    return hypercall_mmu_flush(PARAPET_FLUSH_LOCAL);
}

static int64_t flush_all(void)
{
    return hypercall_mmu_flush(PARAPET_FLUSH_ALL);
}

static void suite_mmu_flush(void)
{
    uint64_t *other = mg_page();

    other[0] = 3;
    MG_CHECK_EQ(load_after(mg_pte(other, MG_READ), flush_local), 3);
    MG_CHECK_EQ(load_after(mg_pte(other, MG_READ), flush_all), 3);
    REFUSES(hypercall_mmu_flush(PARAPET_FLUSH_NONE), EINVAL);
    REFUSES(hypercall_mmu_flush(PARAPET_FLUSH_ALL + 1), EINVAL);
}

/* ---- the balloon ---- */

#define NR_BALLOON 100

static uint64_t mfns[NR_BALLOON];
static struct parapet_populate frames[NR_BALLOON + PARAPET_GRANT_RESERVE];

static void suite_memory_give_back(void)
{
    uint64_t *pages = mg_pages(NR_BALLOON);

    for (uint64_t i = 0; i < NR_BALLOON; i++)
        mfns[i] = mg_mfn_of(pages + i * MG_PTES);
    REFUSES(hypercall_memory_give_back(mfns, 1), EBUSY);
    for (uint64_t i = 0; i < NR_BALLOON; i++)
        MG_DONE(mg_set_va((uint64_t)(pages + i * MG_PTES), 0));
    REFUSES(hypercall_memory_give_back(NULL, 1), EFAULT);
    REFUSES(hypercall_memory_give_back((char *)mfns + 1, 1), EINVAL);
    REFUSES(hypercall_memory_give_back(mfns, PARAPET_MAX_FRAMES + 1), E2BIG);
    RETURNS(hypercall_memory_give_back(mfns + NR_BALLOON - 1, 1), 0);
    REFUSES(hypercall_memory_give_back(mfns + NR_BALLOON - 1, 1), EPERM);
    REFUSES(hypercall_memory_give_back(mfns, NR_BALLOON - 1), ERESTART);
    for (uint64_t i = mg_vcpu_page()->restart_done; i < NR_BALLOON - 1; i++)
        RETURNS(hypercall_memory_give_back(mfns + i, 1), 0);
}

/*
 * -ENOMEM cannot come about: max_frames is little more than what the domain
 * began with, and the machine has that.
 */
static void suite_memory_populate(void)
{
    struct parapet_memory_limits limits = {0};
    uint64_t missing;

    MG_DONE(hypercall_memory_limits(&limits));
    missing = limits.max_frames - limits.nr_frames;
    RETURNS(hypercall_memory_populate(frames, 1), 0);
    MG_CHECK_EQ(mg_m2p(frames[0].mfn), 0);
    REFUSES(hypercall_memory_populate(NULL, 1), EFAULT);
    REFUSES(hypercall_memory_populate((char *)frames + 1, 1), EINVAL);
    frames[0].gfn = limits.nr_gfns;
    REFUSES(hypercall_memory_populate(frames, 1), EINVAL);
    frames[0].gfn = 0;
    REFUSES(hypercall_memory_populate(frames, PARAPET_MAX_FRAMES + 1), E2BIG);
    if (missing > NR_BALLOON + PARAPET_GRANT_RESERVE)
        mg_error("more frames are missing than were given back");
    REFUSES(hypercall_memory_populate(frames, missing - 1), ERESTART);
    while (hypercall_memory_populate(frames, 1) == 0)
        ;
    REFUSES(hypercall_memory_populate(frames, 1), ENOSPC);
    mg_suite_excuse(PARAPET_ENOMEM);
}

static void suite_memory_limits(void)
{
    struct parapet_memory_limits limits = {0};

    RETURNS(hypercall_memory_limits(&limits), 0);
    MG_CHECK_EQ(limits.max_frames, limits.nr_gfns + PARAPET_GRANT_RESERVE);
    MG_CHECK(limits.nr_frames + limits.nr_charged <= limits.max_frames);
    MG_CHECK_EQ(limits.nr_gfns, mg_shared_page()->nr_gfns);
    MG_CHECK(limits.nr_mfns > limits.nr_gfns);
    MG_CHECK(limits.max_references >= 1ul << 16);
    REFUSES(hypercall_memory_limits(NULL), EFAULT);
}

/* ---- the audit: one answer in each variant ---- */

static void suite_memory_audit(void)
{
    if (!mg_variant("unaudited")) {
        RETURNS(hypercall_memory_audit(), 0);
        mg_suite_excuse(PARAPET_EPERM);
    } else {
        REFUSES(hypercall_memory_audit(), EPERM);
        mg_suite_excuse_success();
    }
}

static const struct mg_suite suites[] = {
    MG_SUITE(mmu_update),
    MG_SUITE(mmu_update_va),
    MG_SUITE(mmu_pin),
    MG_SUITE(mmu_unpin),
    MG_SUITE(mmu_set_kernel_root),
    MG_SUITE(mmu_set_user_root),
    MG_SUITE(mmu_invalidate),
    MG_SUITE(mmu_flush),
    MG_SUITE(memory_give_back),
    MG_SUITE(memory_populate),
    MG_SUITE(memory_limits),
    MG_SUITE(memory_audit),
};

void test_main(void)
{
    if (mg_variant("unaudited")) {
        mg_suite_run(suites, ARRAY_SIZE(suites), PARAPET_HC_memory_audit);
        return;
    }
    make_scratch();
    for (size_t i = 0; i < mg_nr_hypercalls; i++) {
        uint64_t number = mg_hypercalls[i].number;

        if ((number < 64 || number >= 96) && number != PARAPET_HC_memory_audit)
            continue;
        mg_suite_run(suites, ARRAY_SIZE(suites), number);
        if (mg_argument("each", 0))
            mg_audit();
    }
    mg_audit();
}

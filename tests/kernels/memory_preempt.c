/* SPDX-License-Identifier: MIT
 *
 * A large tree of tables that nobody has looked at takes many calls to pin.
 * Between any two of them all is consistent; and what was begun can be gone on
 * with, left alone, or undone by what else one does with the frames.
 *
 *
 * QEMU: once=1
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(memory_preempt);

#define NR_TABLES 200
#define CALLS_PER_AUDIT 16 /* it looks at all of memory */

static uint64_t *root, *l1s, *shared;

static int64_t pin_once(uint32_t level)
{
    return hypercall_mmu_pin(mg_mfn_of(root), level);
}

/* A level-2 table of full level-1 tables, all of one page, read-only. */
static void make_tree(void)
{
    shared = mg_page();
    root = mg_page();
    l1s = mg_pages(NR_TABLES);
    for (uint64_t i = 0; i < NR_TABLES; i++) {
        uint64_t *l1 = l1s + i * MG_PTES;

        for (uint64_t j = 0; j < MG_PTES; j++)
            l1[j] = mg_pte(shared, MG_USER);
        MG_DONE(mg_set_writable(l1, false));
        root[i] = mg_pte(l1, MG_USER);
    }
    MG_DONE(mg_set_writable(root, false));
}

/* Some of the way; the domain's own tables are busy with nothing else. */
static void begin(uint64_t nr_calls)
{
    for (uint64_t i = 0; i < nr_calls; i++)
        MG_CHECK_EQ(pin_once(PARAPET_TABLE_L2), -PARAPET_ERESTART);
    mg_audit();
}

static void test_to_the_end(void)
{
    uint64_t nr_calls = 1;
    int64_t result;

    while ((result = pin_once(PARAPET_TABLE_L2)) == -PARAPET_ERESTART) {
        if (nr_calls++ % CALLS_PER_AUDIT == 0)
            mg_audit();
    }
    MG_DONE(result);
    mg_printf("pinned by %lu calls\n", nr_calls);
    MG_CHECK(nr_calls > NR_TABLES / 2);
    MG_CHECK(nr_calls < NR_TABLES * 8);
    mg_audit();
}

/* An unpin lets it go, bit by bit. */
static void test_back(void)
{
    uint64_t nr_calls = 1;
    int64_t result = hypercall_mmu_unpin(mg_mfn_of(root));

    MG_CHECK(result == 0 || result == -PARAPET_ERESTART);
    mg_audit();
    /* Its writable mapping tells when it is done. */
    while ((result = hypercall_mmu_update_va(
                (uint64_t)root, mg_pte(root, MG_WRITE), PARAPET_FLUSH_LOCAL)) ==
           -PARAPET_ERESTART) {
        if (nr_calls++ % CALLS_PER_AUDIT == 0)
            mg_audit();
    }
    MG_DONE(result);
    MG_CHECK(nr_calls > NR_TABLES / 2);
    for (uint64_t i = 0; i < NR_TABLES; i++)
        MG_DONE(mg_set_writable(l1s + i * MG_PTES, true));
    mg_audit();
    for (uint64_t i = 0; i < NR_TABLES; i++)
        MG_DONE(mg_set_writable(l1s + i * MG_PTES, false));
    MG_DONE(mg_set_writable(root, false));
}

/* To write to it, or to a table below it, undoes what has been done. */
static void test_written(void)
{
    begin(NR_TABLES / 2);
    MG_DONE(mg_set_writable(root, true));
    mg_audit();
    root[NR_TABLES] = mg_pte(root, MG_TABLE); /* and this is why */
    MG_DONE(mg_set_writable(root, false));
    MG_REFUSED(mg_pin(root, PARAPET_TABLE_L2), EBUSY);
    MG_CHECK_EQ(mg_vcpu_page()->failed_entry, mg_entry_of(root, NR_TABLES));
    MG_DONE(mg_set_writable(root, true));
    root[NR_TABLES] = 0;
    MG_DONE(mg_set_writable(root, false));

    begin(NR_TABLES / 2);
    /* The first table below is checked and held; the last is not yet. */
    MG_REFUSED(mg_set_writable(l1s, true), EBUSY);
    MG_DONE(mg_set_writable(l1s + (NR_TABLES - 1) * MG_PTES, true));
    MG_REFUSED(mg_pin(root, PARAPET_TABLE_L2), EBUSY);
    MG_DONE(mg_set_writable(l1s + (NR_TABLES - 1) * MG_PTES, false));
    mg_audit();
}

/* No entry of it can be changed meanwhile, and nothing can refer to it. */
static void test_not_a_table_yet(void)
{
    begin(3);
    MG_REFUSED(mg_update(mg_entry_of(root, 0), 0), ENOENT);
    MG_REFUSED(mg_unpin(root), ENOENT);
    MG_REFUSED(hypercall_mmu_set_kernel_root(mg_mfn_of(root)), ENOENT);
    test_to_the_end();
    test_back();
}

/* As a table of another level, of which its entries are good as well. */
static void test_other_level(void)
{
    begin(NR_TABLES / 2);
    MG_DONE(mg_pin(root, PARAPET_TABLE_L1));
    mg_audit();
    MG_DONE(mg_set_writable(l1s, true));
    MG_DONE(mg_set_writable(l1s, false));
    MG_DONE(mg_unpin(root));
    mg_audit();
    begin(NR_TABLES / 2);
    MG_REFUSED(mg_pin(root, PARAPET_TABLE_L3), EBUSY);
    MG_REFUSED(mg_pin(root, PARAPET_TABLE_USER), EBUSY);
}

/* By way of a parent, in the midst of which it is abandoned as well. */
static void test_by_parent(void)
{
    uint64_t *l3 = mg_table(NULL);
    struct parapet_pte_update update = {mg_entry_of(l3, 1),
                                        mg_pte(root, MG_TABLE)};

    MG_DONE(mg_pin(l3, PARAPET_TABLE_L3));
    begin(NR_TABLES / 4);
    for (int i = 0; i < 5; i++)
        MG_CHECK_EQ(hypercall_mmu_update(&update, 1, ~0ul), -PARAPET_ERESTART);
    MG_CHECK_EQ(mg_vcpu_page()->restart_done, 0);
    MG_CHECK_EQ(l3[1], 0);
    mg_audit();
    MG_DONE(mg_update(update.pte, update.value));
    MG_REFUSED(mg_set_writable(root, true), EBUSY);
    MG_DONE(mg_unpin(l3));
    mg_audit();
    MG_DONE(mg_set_writable(root, true));
    MG_DONE(mg_set_writable(root, false));
}

/* Given back half way: the frame goes, and all that it held is free. */
static void test_given_back(void)
{
    uint64_t mfn = mg_mfn_of(root);

    begin(NR_TABLES / 2);
    MG_REFUSED(HYPERCALL_RESTARTED(hypercall_memory_give_back(&mfn, 1)), EBUSY);
    MG_DONE(mg_set_va((uint64_t)root, 0));
    MG_DONE(HYPERCALL_RESTARTED(hypercall_memory_give_back(&mfn, 1)));
    mg_audit();
    for (uint64_t i = 0; i < NR_TABLES; i++)
        MG_DONE(mg_set_writable(l1s + i * MG_PTES, true));
    mg_audit();
}

void test_main(void)
{
    make_tree();
    test_to_the_end();
    test_back();
    test_written();
    test_not_a_table_yet();
    test_other_level();
    test_by_parent();
    test_given_back();
}

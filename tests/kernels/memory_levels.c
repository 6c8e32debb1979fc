/* SPDX-License-Identifier: MIT
 *
 * A table of level n refers to tables of level n - 1 and to nothing else: not
 * to itself, not to one of its own level, not to a higher one; nor does one
 * frame serve as tables of two levels. With such a loop the tables could be
 * reached as memory, which is how they go wrong elsewhere.
 *
 * QEMU: once=1
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(memory_levels);

#define L1 PARAPET_TABLE_L1
#define L2 PARAPET_TABLE_L2
#define L4 PARAPET_TABLE_L4
#define USER PARAPET_TABLE_USER

static uint32_t below(uint32_t level)
{
    return level == USER ? PARAPET_TABLE_L3 : level - 1;
}

/* Into a table that is one already; for the read-only kind of entry, too. */
static void expect_no_link(uint64_t *parent, const uint64_t *child)
{
    uint64_t entry = mg_entry_of(parent, 33);

    MG_REFUSED(mg_update(entry, mg_pte(child, MG_TABLE)), EBUSY);
    MG_CHECK_EQ(mg_vcpu_page()->failed_entry, entry);
    MG_REFUSED(mg_update(entry, mg_pte(child, MG_USER)), EBUSY);
    MG_CHECK_EQ(mg_read_entry(entry), 0);
}

static void test_pairs(void)
{
    uint64_t *tables[USER + 1];

    for (uint32_t level = L1; level <= USER; level++) {
        tables[level] = mg_table(NULL);
        MG_DONE(mg_pin(tables[level], level));
    }
    for (uint32_t parent = L2; parent <= USER; parent++) {
        for (uint32_t child = L1; child <= USER; child++) {
            if (child == below(parent)) {
                MG_DONE(mg_update(mg_entry_of(tables[parent], 44),
                                  mg_pte(tables[child], MG_TABLE)));
                MG_DONE(mg_update(mg_entry_of(tables[parent], 44), 0));
            } else {
                expect_no_link(tables[parent], tables[child]);
            }
        }
    }
    for (uint32_t level = L1; level <= USER; level++) {
        for (uint32_t other = L1; other <= USER; other++) {
            if (other != level)
                MG_REFUSED(mg_pin(tables[level], other), EBUSY);
        }
        MG_REFUSED(mg_pin(tables[level], level), EEXIST);
        MG_DONE(mg_unpin(tables[level]));
        MG_REFUSED(mg_unpin(tables[level]), ENOENT);
    }
}

/* In a table before it is one: by itself, and by each other. */
static void test_self(void)
{
    for (uint32_t level = L2; level <= USER; level++) {
        uint64_t *self = mg_page();

        self[6] = mg_pte(self, MG_TABLE);
        MG_DONE(mg_set_writable(self, false));
        MG_REFUSED(mg_pin(self, level), EBUSY);
        MG_CHECK_EQ(mg_vcpu_page()->failed_entry, mg_entry_of(self, 6));
        /* Nothing of it stays: it can be memory again. */
        MG_DONE(mg_set_writable(self, true));
        self[6] = mg_pte(self, MG_USER);
        MG_DONE(mg_set_writable(self, false));
        MG_REFUSED(mg_pin(self, level), EBUSY);
        MG_DONE(mg_set_writable(self, true));
        mg_audit();
    }
}

static void test_mutual(void)
{
    for (uint32_t level = L2; level <= USER; level++) {
        uint64_t *a = mg_page(), *b = mg_page();

        a[0] = mg_pte(b, MG_TABLE);
        b[0] = mg_pte(a, MG_TABLE);
        MG_DONE(mg_set_writable(a, false));
        MG_DONE(mg_set_writable(b, false));
        MG_REFUSED(mg_pin(a, level), EBUSY);
        MG_REFUSED(mg_pin(b, level), EBUSY);
        MG_DONE(mg_set_writable(a, true));
        MG_DONE(mg_set_writable(b, true));
        mg_audit();
    }
}

/* A loop of four: each is the parent of the next, the last that of the first.
 */
static void test_ring(void)
{
    uint64_t *ring[4];

    for (int i = 0; i < 4; i++)
        ring[i] = mg_page();
    for (int i = 0; i < 4; i++) {
        ring[i][511] = mg_pte(ring[(i + 1) % 4], MG_USER);
        MG_DONE(mg_set_writable(ring[i], false));
    }
    /* Down from a root, the fourth would map the root, read-only: it may. */
    MG_DONE(mg_pin(ring[0], L4));
    mg_audit();
    MG_REFUSED(mg_pin(ring[1], L4), EBUSY);
    MG_REFUSED(mg_pin(ring[3], L2), EBUSY);
    MG_DONE(mg_unpin(ring[0]));
    mg_audit();
}

/* One frame twice in a tree, as tables of two levels. */
static void test_two_levels(void)
{
    uint64_t *shared = mg_table(NULL);
    uint64_t *l2 = mg_table_of(1, mg_pte(shared, MG_TABLE));
    uint64_t entries[MG_PTES] = {0};
    uint64_t *l3;

    entries[0] = mg_pte(l2, MG_TABLE);     /* takes shared for level 1 */
    entries[1] = mg_pte(shared, MG_TABLE); /* and this for level 2 */
    l3 = mg_table(entries);
    MG_REFUSED(mg_pin(l3, PARAPET_TABLE_L3), EBUSY);
    MG_CHECK_EQ(mg_vcpu_page()->failed_entry, mg_entry_of(l3, 1));
    MG_DONE(mg_set_writable(shared, true));
    MG_DONE(mg_set_writable(l2, true));
    mg_audit();
}

/* As tables of the same level, as often as one likes. */
static void test_shared_table(void)
{
    uint64_t *l1 = mg_table(NULL);
    uint64_t entries[MG_PTES];
    uint64_t *l2;

    for (int i = 0; i < MG_PTES; i++)
        entries[i] = mg_pte(l1, MG_TABLE);
    l2 = mg_table(entries);
    MG_DONE(mg_pin(l2, L2));
    MG_REFUSED(mg_set_writable(l1, true), EBUSY);
    MG_DONE(mg_pin(l1, L1));
    MG_DONE(mg_unpin(l2));
    MG_REFUSED(mg_set_writable(l1, true), EBUSY);
    MG_DONE(mg_unpin(l1));
    MG_DONE(mg_set_writable(l1, true));
    mg_audit();
}

void test_main(void)
{
    test_pairs();
    test_self();
    test_mutual();
    test_ring();
    test_two_levels();
    test_shared_table();
}

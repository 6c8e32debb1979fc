/* SPDX-License-Identifier: MIT
 *
 * A page table that the guest can write to would be the end of isolation. So
 * a page that is mapped writable does not become a table, and a table is not
 * mapped writable, in whichever order and by whichever call the two steps are
 * made.
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/trap.h"

MG_TEST(memory_writable_table);

MG_SNIPPET(store_byte, "movb $0, (%rdi)");

/* In .data, so mapped by the image and by the direct map. */
static _Alignas(4096) uint64_t page_of_image[MG_PTES];

/* An empty level-1 table below the start root, for mappings at SCRATCH. */
#define SCRATCH 0x10000000ul
static uint64_t *scratch;

static uint64_t scratch_entry(uint64_t index)
{
    return mg_entry_of(scratch, index);
}

static uint64_t *direct(const volatile void *page)
{
    return mg_gfn_pointer(mg_gfn_of(page));
}

static void make_scratch(void)
{
    uint64_t *l2, *l3;

    scratch = mg_table(NULL);
    l2 = mg_table_of(mg_index(SCRATCH, 2), mg_pte(scratch, MG_TABLE));
    l3 = mg_table_of(0, mg_pte(l2, MG_TABLE));
    MG_DONE(mg_update(mg_entry_of(mg_start_root(), 0), mg_pte(l3, MG_TABLE)));
}

/* Writable first: whatever would make it a table is refused, at each level. */
static void test_writable_first(void)
{
    uint64_t *page = mg_page(), *parent;

    for (uint32_t level = PARAPET_TABLE_L1; level <= PARAPET_TABLE_USER;
         level++)
        MG_REFUSED(mg_pin(page, level), EBUSY);
    for (uint32_t level = PARAPET_TABLE_L2; level <= PARAPET_TABLE_USER;
         level++) {
        parent = mg_table_of(3, mg_pte(page, MG_TABLE));
        MG_REFUSED(mg_pin(parent, level), EBUSY);
        parent = mg_table(NULL);
        MG_DONE(mg_pin(parent, level));
        MG_REFUSED(mg_update(mg_entry_of(parent, 3), mg_pte(page, MG_TABLE)),
                   EBUSY);
        MG_DONE(mg_unpin(parent));
    }
}

/* Each of the two mappings of a page of the image is one too many. */
static void test_both_mappings(void)
{
    uint64_t *image = page_of_image;

    MG_REFUSED(mg_pin(image, PARAPET_TABLE_L1), EBUSY);
    MG_DONE(mg_set_va((uint64_t)direct(image), mg_pte(image, MG_READ)));
    MG_REFUSED(mg_pin(image, PARAPET_TABLE_L1), EBUSY);
    MG_DONE(mg_set_va((uint64_t)direct(image), mg_pte(image, MG_WRITE)));
    MG_DONE(mg_set_va((uint64_t)image, mg_pte(image, MG_READ)));
    MG_REFUSED(mg_pin(image, PARAPET_TABLE_L1), EBUSY);
    MG_DONE(mg_set_va((uint64_t)direct(image), mg_pte(image, MG_READ)));
    MG_DONE(mg_pin(image, PARAPET_TABLE_L1));
    mg_audit();

    MG_REFUSED(mg_set_va((uint64_t)image, mg_pte(image, MG_WRITE)), EBUSY);
    MG_REFUSED(mg_set_va((uint64_t)direct(image), mg_pte(image, MG_WRITE)),
               EBUSY);
    (void)mg_expect_fault("store into a table", store_byte, image, MG_PF, NULL);
    (void)mg_expect_fault("store into a table", store_byte, direct(image),
                          MG_PF, NULL);
    MG_DONE(mg_unpin(image));
    MG_DONE(mg_set_writable(image, true));
    (void)mg_expect_no_fault("store", store_byte, image);
    mg_audit();
}

/* Every way to a writable mapping of a table, whatever holds the table. */
static void expect_not_writable(uint64_t *table)
{
    uint64_t entry = mg_walk(mg_start_root(), (uint64_t)table, 1);
    uint64_t writable = mg_pte(table, MG_WRITE);
    uint64_t *later;

    MG_REFUSED(mg_update(entry, writable), EBUSY);
    MG_REFUSED(mg_update_masked(entry, PARAPET_PTE_W, PARAPET_PTE_W), EBUSY);
    MG_REFUSED(mg_set_va((uint64_t)table, writable), EBUSY);
    MG_REFUSED(mg_update(scratch_entry(0), writable), EBUSY);
    MG_REFUSED(mg_set_va(SCRATCH, writable), EBUSY);

    /* In a table that is looked at only when it is used. */
    later = mg_table_of(MG_PTES - 1, writable);
    MG_REFUSED(mg_pin(later, PARAPET_TABLE_L1), EBUSY);
    MG_CHECK_EQ(mg_read_entry(mg_entry_of(later, MG_PTES - 1)), writable);

    /* Two steps in one entry: another page's, then only the frame's bits. */
    MG_DONE(mg_update(scratch_entry(1), mg_pte(mg_page(), MG_WRITE)));
    MG_REFUSED(
        mg_update_masked(scratch_entry(1), writable, PARAPET_PTE_ADDRESS),
        EBUSY);
    MG_DONE(mg_update(scratch_entry(1), 0));
    (void)mg_expect_fault("store into a table", store_byte, table, MG_PF, NULL);
}

static void test_table_first(void)
{
    for (uint32_t level = PARAPET_TABLE_L1; level <= PARAPET_TABLE_USER;
         level++) {
        uint64_t *table = mg_table(NULL);

        MG_DONE(mg_pin(table, level));
        expect_not_writable(table);
        MG_DONE(mg_unpin(table));
        MG_DONE(mg_set_writable(table, true));
        mg_audit();
    }
}

/* Held by a parent and not by a pin, and by the vCPU. */
static void test_linked(void)
{
    uint64_t *l1 = mg_table(NULL);
    uint64_t *l2 = mg_table_of(7, mg_pte(l1, MG_TABLE));
    uint64_t *l3 = mg_table_of(7, mg_pte(l2, MG_TABLE));

    MG_DONE(mg_pin(l3, PARAPET_TABLE_L3));
    expect_not_writable(l1);
    expect_not_writable(l2);
    MG_DONE(mg_unpin(l3));
    MG_DONE(mg_set_writable(l1, true));
    MG_DONE(mg_set_writable(l2, true));
    expect_not_writable(mg_start_root());
}

/*
 * A table that maps itself writable, and two that map each other: neither of
 * the mappings counts before the tables are looked at.
 */
static void test_cycles(void)
{
    uint64_t *self = mg_page();
    uint64_t *a = mg_page(), *b = mg_page();

    self[5] = mg_pte(self, MG_WRITE);
    a[5] = mg_pte(b, MG_WRITE);
    b[5] = mg_pte(a, MG_WRITE);
    MG_DONE(mg_set_writable(self, false));
    MG_DONE(mg_set_writable(a, false));
    MG_DONE(mg_set_writable(b, false));
    MG_REFUSED(mg_pin(self, PARAPET_TABLE_L1), EBUSY);
    MG_CHECK_EQ(mg_pin(a, PARAPET_TABLE_L1), 0);
    MG_REFUSED(mg_pin(b, PARAPET_TABLE_L1), EBUSY);
    MG_DONE(mg_unpin(a));
    mg_audit();
}

/* Nor does the hypervisor write to one because a pointer says so. */
static void test_pointers(void)
{
    uint64_t *table = mg_table_of(0, mg_pte(mg_page(), MG_USER));
    uint64_t before = table[0];
    struct parapet_multicall_entry *calls = (void *)table;
    uint64_t *spare = mg_page(), mfn = mg_mfn_of(spare);

    /* So that there is a frame to be had. */
    MG_DONE(mg_set_va((uint64_t)spare, 0));
    MG_DONE(hypercall_memory_give_back(&mfn, 1));
    MG_DONE(mg_pin(table, PARAPET_TABLE_L1));
    MG_REFUSED(hypercall_memory_limits(table), EFAULT);
    MG_REFUSED(hypercall_memory_populate(table + 8, 1), EFAULT);
    MG_REFUSED(hypercall_console_read(table, 8), EFAULT);
    MG_REFUSED(hypercall_multicall(calls + 1, 1), EFAULT);
    MG_CHECK_EQ(table[0], before);
    for (int i = 1; i < MG_PTES; i++)
        MG_CHECK_EQ(table[i], 0);
    MG_DONE(mg_unpin(table));
}

/* Any page may be mapped read-only as often as one likes, tables as well. */
static void test_read_only(void)
{
    uint64_t *table = mg_table(NULL);

    MG_DONE(mg_pin(table, PARAPET_TABLE_L1));
    MG_DONE(mg_set_va(SCRATCH, mg_pte(table, MG_READ)));
    MG_DONE(mg_update(mg_entry_of(table, 1), mg_pte(table, MG_READ)));
    mg_audit();
    MG_CHECK_EQ(((const volatile uint64_t *)SCRATCH)[0], 0);
    (void)mg_expect_fault("store into a table", store_byte, (void *)SCRATCH,
                          MG_PF, NULL);
    MG_DONE(mg_set_va(SCRATCH, 0));
    MG_DONE(mg_update(mg_entry_of(table, 1), 0));
    MG_DONE(mg_unpin(table));
    mg_audit();
}

void test_main(void)
{
    mg_audit();
    make_scratch();
    test_writable_first();
    test_both_mappings();
    test_table_first();
    test_linked();
    test_cycles();
    test_pointers();
    test_read_only();
}

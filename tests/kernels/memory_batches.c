/* SPDX-License-Identifier: MIT
 *
 * mmu_update with batches of any size, from anywhere, with any mask: what is
 * refused, where it stopped, and that what came before is done and nothing
 * after it.
 *
 * QEMU: once=1
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/hostile.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(memory_batches);

#define NR_MAX PARAPET_MAX_UPDATES

static struct parapet_pte_update updates[NR_MAX + 1];
static uint64_t *table, *page;

static void clear_table(void)
{
    for (uint64_t i = 0; i < MG_PTES; i++) {
        if (table[i])
            MG_DONE(mg_update(mg_entry_of(table, i), 0));
    }
}

/* Good ones, round and round the table. */
static void fill_updates(void)
{
    for (uint64_t i = 0; i < ARRAY_SIZE(updates); i++)
        updates[i] = (struct parapet_pte_update){
            mg_entry_of(table, i % MG_PTES), mg_pte(page, MG_USER)};
}

static uint64_t nr_set(void)
{
    uint64_t nr = 0;

    while (nr < MG_PTES && table[nr])
        nr++;
    for (uint64_t i = nr; i < MG_PTES; i++)
        MG_CHECK_EQ(table[i], 0);
    return nr;
}

static int64_t update(const void *from, uint64_t nr)
{
    return hypercall_mmu_update(from, nr, ~0ul);
}

/* Refused as a whole: nothing is done, and the vCPU page says so. */
static void expect_no_start(const void *from, uint64_t nr, int64_t error)
{
    mg_vcpu_page()->restart_done = 77;
    mg_vcpu_page()->failed_entry = 88;
    MG_CHECK_EQ(update(from, nr), error);
    MG_CHECK_EQ(mg_vcpu_page()->restart_done, 0);
    MG_CHECK_EQ(mg_vcpu_page()->failed_entry, 0);
    mg_audit();
}

static void test_counts(void)
{
    static const uint64_t too_many[] = {
        NR_MAX + 1,      1ul << 32,          1ul << 60,
        (1ul << 60) + 1, 0x8000000000000001, ~0ul,
    };

    fill_updates();
    MG_DONE(update(updates, 0));
    MG_CHECK_EQ(nr_set(), 0);
    MG_DONE(update(updates, 1));
    MG_CHECK_EQ(nr_set(), 1);
    for (size_t i = 0; i < ARRAY_SIZE(too_many); i++)
        expect_no_start(updates, too_many[i], -PARAPET_E2BIG);
    MG_CHECK_EQ(nr_set(), 1);
    MG_DONE(hypercall_mmu_update_all(mg_vcpu_page(), updates, NR_MAX, ~0ul));
    MG_CHECK_EQ(nr_set(), MG_PTES);
    mg_audit();
    clear_table();
}

/* A stop is not an error, is made good use of, and comes in time. */
static void test_stops(void)
{
    uint64_t done = 0, nr_stops = 0;
    int64_t result;

    while ((result = update(updates + done, NR_MAX - done)) ==
           -PARAPET_ERESTART) {
        uint64_t more = mg_vcpu_page()->restart_done;

        MG_CHECK(more > 0 && more < NR_MAX - done);
        done += more;
        MG_CHECK_EQ(nr_set(), done < MG_PTES ? done : MG_PTES);
        nr_stops++;
        mg_audit();
    }
    MG_DONE(result);
    MG_CHECK(nr_stops >= 4);
    clear_table();
}

/* Where the batch lies. */
static void test_pointers(void)
{
    const size_t size = sizeof(updates[0]);
    unsigned char *end = mg_edge_page + sizeof(mg_edge_page);
    struct parapet_pte_update *last = (void *)(end - 2 * size);

    memcpy(last, updates, 2 * size);
    MG_DONE(update(last, 2));
    MG_CHECK_EQ(nr_set(), 2);
    clear_table();
    /* The third does not exist. */
    MG_REFUSED(update(last, 3), EFAULT);
    MG_CHECK_EQ(mg_vcpu_page()->restart_done, 2);
    MG_CHECK_EQ(nr_set(), 2);
    clear_table();
    /* The second exists in half. */
    memcpy(end - size - 8, updates, size);
    MG_REFUSED(update(end - size - 8, 2), EFAULT);
    MG_CHECK_EQ(mg_vcpu_page()->restart_done, 1);
    MG_CHECK_EQ(nr_set(), 1);
    clear_table();

    /* Round the end of the address space, and through the hypervisor. */
    expect_no_start((void *)(~0ul - 15), 2, -PARAPET_EFAULT);
    expect_no_start((void *)(~0ul - 7), NR_MAX, -PARAPET_EFAULT);
    expect_no_start((void *)(PARAPET_HYPERVISOR_START - 8 * size), 9,
                    -PARAPET_EFAULT);
    expect_no_start((void *)(PARAPET_HYPERVISOR_END - 8), 1, -PARAPET_EFAULT);
    expect_no_start((void *)(PARAPET_HYPERVISOR_START + (1ul << 40)), 1,
                    -PARAPET_EFAULT);
    for (uint64_t odd = 1; odd < 8; odd++)
        expect_no_start((char *)updates + odd, 1, -PARAPET_EINVAL);
    MG_CHECK_EQ(nr_set(), 0);
}

/* One bad update in the midst of good ones. */
static void expect_stop_at(uint64_t bad, uint64_t pte, uint64_t value,
                           int64_t error, uint64_t failed_entry)
{
    fill_updates();
    updates[bad] = (struct parapet_pte_update){pte, value};
    MG_CHECK_EQ(update(updates, 40), -error);
    MG_CHECK_EQ(mg_vcpu_page()->restart_done, bad);
    MG_CHECK_EQ(mg_vcpu_page()->failed_entry, failed_entry);
    MG_CHECK_EQ(nr_set(), bad);
    clear_table();
    mg_audit();
}

static void test_bad_updates(void)
{
    uint64_t good = mg_pte(page, MG_USER);
    uint64_t *data = mg_page(), *half = mg_table(NULL);
    uint64_t entry = mg_entry_of(table, 511), hypervisors = 0;

    while (mg_m2p(hypervisors) != PARAPET_NO_GFN)
        hypervisors++;
    hypervisors *= MG_PAGE_SIZE;
    for (uint64_t bad = 0; bad < 40; bad += 13) {
        /* An entry that is none: unaligned, of no table, of nobody's. */
        for (uint64_t odd = 1; odd < 8; odd += 3)
            expect_stop_at(bad, entry + odd, good, PARAPET_EINVAL, 0);
        expect_stop_at(bad, mg_entry_of(data, 3), good, PARAPET_ENOENT,
                       mg_entry_of(data, 3));
        expect_stop_at(bad, mg_entry_of(half, 3), good, PARAPET_ENOENT,
                       mg_entry_of(half, 3));
        expect_stop_at(bad, hypervisors + 8, good, PARAPET_EPERM,
                       hypervisors + 8);
        expect_stop_at(bad, ~7ul, good, PARAPET_EPERM, ~7ul);
        /* A good one with a bad value. */
        expect_stop_at(bad, entry, good | 0x80, PARAPET_EINVAL, entry);
        expect_stop_at(bad, entry, hypervisors | MG_USER, PARAPET_EPERM, entry);
        expect_stop_at(bad, entry, mg_pte(table, MG_TABLE), PARAPET_EBUSY,
                       entry);
    }
    MG_CHECK_EQ(data[3], 0);
}

/* The entry at fault is one of the table that comes along. */
static void test_entry_below(void)
{
    uint64_t *l1 = mg_table_of(77, mg_pte(page, MG_USER) | 0x100);
    uint64_t *l2 = mg_table_of(66, mg_pte(l1, MG_TABLE));
    uint64_t *l3 = mg_table(NULL);

    MG_DONE(mg_pin(l3, PARAPET_TABLE_L3));
    MG_REFUSED(mg_update(mg_entry_of(l3, 5), mg_pte(l2, MG_TABLE)), EINVAL);
    MG_CHECK_EQ(mg_vcpu_page()->failed_entry, mg_entry_of(l1, 77));
    MG_REFUSED(mg_pin(l2, PARAPET_TABLE_L2), EINVAL);
    MG_CHECK_EQ(mg_vcpu_page()->failed_entry, mg_entry_of(l1, 77));
    MG_CHECK_EQ(l3[5], 0);
    MG_DONE(mg_unpin(l3));
}

/* Only the bits of the mask change; the rest is checked all the same. */
static void test_masks(void)
{
    const uint64_t entry = mg_entry_of(table, 9);
    const uint64_t accessed = PARAPET_PTE_A | PARAPET_PTE_D;
    const uint64_t user = mg_pte(page, MG_USER | PARAPET_PTE_NX);
    uint64_t *other = mg_table(NULL);

    MG_DONE(mg_update(entry, user));
    MG_DONE(mg_update_masked(entry, ~0ul, 0));
    MG_CHECK_EQ(table[9], user);
    MG_DONE(mg_update_masked(entry, ~0ul, accessed));
    MG_CHECK_EQ(table[9], user | accessed);
    MG_DONE(mg_update_masked(entry, 0, accessed));
    MG_CHECK_EQ(table[9], user);
    MG_DONE(mg_update_masked(entry, ~0ul, PARAPET_PTE_SOFT));
    MG_CHECK_EQ(table[9], user | PARAPET_PTE_SOFT);
    /* Only the frame: as writable memory, then as what may be a table. */
    MG_DONE(mg_update_masked(entry, ~0ul, PARAPET_PTE_W));
    MG_REFUSED(mg_update_masked(entry, mg_pte(table, 0), PARAPET_PTE_ADDRESS),
               EBUSY);
    MG_DONE(mg_update_masked(entry, 0, PARAPET_PTE_W));
    MG_DONE(mg_update_masked(entry, mg_pte(other, 0), PARAPET_PTE_ADDRESS));
    MG_CHECK_EQ(table[9],
                mg_pte(other, MG_USER | PARAPET_PTE_NX | PARAPET_PTE_SOFT));
    /* An upper level takes the same way. */
    MG_REFUSED(mg_update_masked(mg_entry_of(mg_start_root(), 511), 0x80, 0x80),
               EINVAL);
    MG_DONE(mg_update(entry, 0));
    mg_audit();
}

/* Updates in the very page that holds the batch, which is no table. */
static void test_batch_of_itself(void)
{
    struct parapet_pte_update *self = (void *)mg_page();

    self[0] = (struct parapet_pte_update){mg_entry_of(self, 1), ~0ul};
    MG_REFUSED(update(self, 1), ENOENT);
    /* A batch that lies in a table: its entries are what they are. */
    MG_REFUSED(update(table, 1), EPERM);
}

void test_main(void)
{
    page = mg_page();
    table = mg_table(NULL);
    MG_DONE(mg_pin(table, PARAPET_TABLE_L1));
    test_counts();
    test_stops();
    test_pointers();
    test_bad_updates();
    test_entry_below();
    test_masks();
    test_batch_of_itself();
}

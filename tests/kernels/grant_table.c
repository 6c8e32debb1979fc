/* SPDX-License-Identifier: MIT
 *
 * The first frame of the grant table is there from a domain's start: zeros, at
 * PARAPET_GRANT_TABLE, to be written to and not to be executed. The hypervisor
 * writes there too, so the frame stays what it is until the domain's end: not
 * given back, and no page table, although nothing of the guest's maps it.
 */
#include "abi/stubs.h"
#include "lib/string.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(grant_table);

static uint64_t *table(void)
{
    return (uint64_t *)PARAPET_GRANT_TABLE;
}

static uint64_t entry_of_table(void)
{
    return mg_read_entry(mg_walk(mg_start_root(), PARAPET_GRANT_TABLE, 1));
}

static uint64_t mfn_of_table(void)
{
    return (entry_of_table() & PARAPET_PTE_ADDRESS) / MG_PAGE_SIZE;
}

/* Where the direct map has it. */
static uint64_t *same_frame(void)
{
    return mg_gfn_pointer(mg_m2p(mfn_of_table()));
}

static void test_mapped(void)
{
    uint64_t gfn = mg_m2p(mfn_of_table());

    MG_CHECK(entry_of_table() & PARAPET_PTE_W);
    MG_CHECK(entry_of_table() & PARAPET_PTE_NX);
    MG_CHECK(gfn >= mg_shared_page()->start_gfn);
    MG_CHECK(gfn < mg_shared_page()->nr_gfns);
    MG_CHECK_EQ(*mg_p2m(gfn), mfn_of_table());
    for (int i = 0; i < MG_PTES; i++)
        MG_CHECK_EQ(table()[i], 0);
    for (int i = 0; i < MG_PTES; i++)
        table()[i] = (uint64_t)i + 1;
    MG_CHECK_EQ(memcmp(same_frame(), table(), MG_PAGE_SIZE), 0);
    memset(table(), 0, MG_PAGE_SIZE);
}

static void refuse_other_uses(uint64_t mfn)
{
    MG_REFUSED(hypercall_memory_give_back(&mfn, 1), EBUSY);
    for (uint32_t type = PARAPET_TABLE_L1; type <= PARAPET_TABLE_USER; type++)
        MG_REFUSED(hypercall_mmu_pin(mfn, type), EBUSY);
}

static void test_held(void)
{
    uint64_t *same = same_frame();
    uint64_t mfn = mfn_of_table();

    refuse_other_uses(mfn);
    MG_DONE(mg_set_va((uint64_t)same, 0));
    MG_DONE(mg_set_va(PARAPET_GRANT_TABLE, 0));
    refuse_other_uses(mfn);
    MG_DONE(mg_set_va(PARAPET_GRANT_TABLE, mfn * MG_PAGE_SIZE | MG_WRITE));
    MG_DONE(mg_set_va((uint64_t)same, mfn * MG_PAGE_SIZE | MG_WRITE));
    MG_CHECK_EQ(table()[0], 0);
    mg_audit();
}

void test_main(void)
{
    mg_audit();
    test_mapped();
    test_held();
}

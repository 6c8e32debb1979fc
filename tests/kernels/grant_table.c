/* SPDX-License-Identifier: MIT
 *
 * The first frame of the grant table is there from a domain's start: zeros, at
 * PARAPET_GRANT_TABLE, to be written to and not to be executed. The hypervisor
 * writes there too, so the frame stays what it is until the domain's end: not
 * given back, and no page table, although nothing of the guest's maps it.
 *
 * By it the domain, which is alone, lends a page to itself, and takes it back
 * as docs/GRANTS.md has it. And it borrows what it does not lend, as often as a
 * call may: each element is refused, and no call takes longer for that.
 *
 * QEMU: once=1
 */
#include "abi/stubs.h"
#include "lib/string.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(grant_table);

#define SELF 1u /* the first id that there is without a control domain */
#define REF 200u
#define USED (PARAPET_GRANT_READING | PARAPET_GRANT_WRITING)

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

/* ---- lent to itself ---- */

static uint64_t *words(void)
{
    return table() + 2 * REF;
}

static void lend(const uint64_t *page)
{
    words()[1] = mg_mfn_of(page);
    __atomic_store_n(&words()[0], (uint64_t)SELF << 32 | PARAPET_GRANT_LEND,
                     __ATOMIC_RELEASE);
}

static bool take_back(void)
{
    uint64_t word = __atomic_load_n(&words()[0], __ATOMIC_ACQUIRE);

    do {
        if (word & USED)
            return false;
    } while (!__atomic_compare_exchange_n(&words()[0], &word, 0, false,
                                          __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
    return true;
}

/* At a page of the direct map, whose entry is made empty for that. */
static uint32_t map_lent(const uint64_t *at)
{
    struct parapet_grant_map map = {
        .domain = SELF,
        .ref = REF,
        .pte = mg_walk(mg_start_root(), (uint64_t)at, 1),
        .bits = PARAPET_PTE_W | PARAPET_PTE_NX,
        .status = 1,
    };

    MG_DONE(mg_set_va((uint64_t)at, 0));
    MG_DONE(hypercall_grant_map_all(mg_vcpu_page(), &map, 1));
    MG_CHECK_EQ(map.status, 0);
    return map.handle;
}

static void unmap(uint32_t handle)
{
    struct parapet_grant_unmap unmap = {.handle = handle, .status = 1};

    MG_DONE(hypercall_grant_unmap_all(mg_vcpu_page(), &unmap, 1));
    MG_CHECK_EQ(unmap.status, 0);
}

static void test_lent_to_itself(void)
{
    uint64_t *page = mg_page(), *at = mg_page();
    uint64_t at_entry = mg_pte(at, MG_WRITE);
    struct parapet_memory_limits limits = {0};
    uint32_t handle;

    lend(page);
    handle = map_lent(at);
    *at = 0x1e4d;
    MG_CHECK_EQ(*page, 0x1e4d);
    MG_CHECK(!take_back());
    /* The frame of the first handles is the hypervisor's, and counts. */
    MG_DONE(hypercall_memory_limits(&limits));
    MG_CHECK_EQ(limits.nr_charged, 1);
    MG_REFUSED(mg_set_va((uint64_t)at, at_entry), EBUSY);
    unmap(handle);
    MG_CHECK(take_back());
    MG_DONE(mg_set_va((uint64_t)at, at_entry));
    MG_DONE(hypercall_memory_limits(&limits));
    MG_CHECK_EQ(limits.nr_charged, 1);
    mg_audit();
}

static void test_not_lent(void)
{
    static struct parapet_grant_hold holds[PARAPET_MAX_GRANT_ELEMENTS];
    static struct parapet_grant_map maps[PARAPET_MAX_GRANT_ELEMENTS];

    for (uint32_t i = 0; i < PARAPET_MAX_GRANT_ELEMENTS; i++) {
        holds[i] = (struct parapet_grant_hold){.domain = SELF, .ref = i};
        maps[i] = (struct parapet_grant_map){
            .domain = SELF, .ref = i, .bits = PARAPET_PTE_W};
    }
    MG_DONE(hypercall_grant_hold_all(mg_vcpu_page(), holds,
                                     PARAPET_MAX_GRANT_ELEMENTS));
    MG_DONE(hypercall_grant_map_all(mg_vcpu_page(), maps,
                                    PARAPET_MAX_GRANT_ELEMENTS));
    for (uint32_t i = 0; i < PARAPET_MAX_GRANT_ELEMENTS; i++) {
        MG_CHECK_EQ(holds[i].status, -PARAPET_EPERM);
        MG_CHECK_EQ(maps[i].status, -PARAPET_EPERM);
    }
    mg_audit();
}

void test_main(void)
{
    mg_audit();
    test_mapped();
    test_held();
    test_lent_to_itself();
    test_not_lent();
}

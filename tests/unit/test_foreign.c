/* SPDX-License-Identifier: MIT
 *
 * What one domain has of another's: references to its frames (mm/type.c), and
 * entries of a table that map them (mm/table.c); and what it has of devices
 * (mm/device_page.c). The first domain lends, the second one has tables.
 */
#include "tests/unit/unit.h"

#include "abi/errors.h"
#include "hypervisor/mm/device_page.h"
#include "hypervisor/mm/owner_release.h"
#include "tests/unit/mmu.h"

#define NR_FRAMES 8u
#define DEVICE 0xfeb00ul /* the page of one */
#define ALL (~0ul)

#define P PARAPET_PTE_P
#define W PARAPET_PTE_W
#define U PARAPET_PTE_U
#define KERNEL PARAPET_PTE_KERNEL
#define FOREIGN PARAPET_PTE_FOREIGN
#define NX PARAPET_PTE_NX
#define SOFT PARAPET_PTE_SOFT

static struct memory_owner *const lender = &mmu_domains[0];
static struct memory_owner *const m = &mmu_domains[1];

static mfn_t lent, table;

static int begin(void **state)
{
    (void)state;
    mmu_create(NR_FRAMES, NR_FRAMES);
    lent = mmu_mfn(0, 1);
    table = mmu_mfn(1, 0);
    return !device_page_add(DEVICE);
}

/* Whatever a test has done, it was undone. */
static int end(void **state)
{
    (void)state;
    return audit_memory(lender, NULL, 0) != 0 ||
           audit_memory(m, NULL, 0) != 0 || mmu_audit_machine() != 0;
}

static int get_writable(unsigned int domain, mfn_t mfn)
{
    return type_get_writable(mmu_begin(domain, WORK_CALL), mfn);
}

static int pin(unsigned int domain, mfn_t mfn)
{
    return table_pin(mmu_begin(domain, WORK_CALL), mfn, TYPE_L1);
}

static void unpin(unsigned int domain, mfn_t mfn)
{
    struct memory_owner *owner = mmu_begin(domain, WORK_CALL);

    assert_int_equal(table_unpin(owner, mfn), 0);
    assert_true(table_release(owner));
}

static uint64_t count_of(mfn_t mfn)
{
    return (frame_state(frame_info(mfn)) & STATE_COUNT) >> STATE_COUNT_SHIFT;
}

/* ---- references ---- */

/* What comes of a reference to read and of one to write; both are dropped. */
static void expect_get(mfn_t mfn, int to_read, int to_write)
{
    uint64_t state = frame_state(frame_info(mfn));

    assert_int_equal(type_get_foreign(lender, mfn, false), to_read);
    if (to_read == 0) {
        assert_int_equal(frame_state(frame_info(mfn)), state + STATE_REFERENCE);
        type_put_foreign(mfn, false);
    }
    assert_int_equal(type_get_foreign(lender, mfn, true), to_write);
    if (to_write == 0) {
        assert_int_equal(frame_state(frame_info(mfn)), state + STATE_USE);
        type_put_foreign(mfn, true);
    }
    assert_int_equal(frame_state(frame_info(mfn)), state);
}

static void test_references(void **state)
{
    (void)state;
    expect_get(lent, 0, -PARAPET_EAGAIN);
    assert_int_equal(get_writable(0, lent), 0);
    expect_get(lent, 0, 0);
    type_put_writable(lent);
    /* Still writable memory, though nobody maps it. */
    expect_get(lent, 0, 0);
}

static void test_frames_that_are_not_the_lenders(void **state)
{
    const mfn_t mfns[] = {
        0,  frame_of(frame_infos), paging_root(), mmu_free_mfn(), mmu_mfn(1, 3),
        63, nr_frame_infos,        1ul << 40,     MFN_NONE};

    (void)state;
    for (unsigned int i = 0; i < sizeof(mfns) / sizeof(mfns[0]); i++) {
        assert_int_equal(type_get_foreign(lender, mfns[i], false),
                         -PARAPET_EPERM);
        assert_int_equal(type_get_foreign(lender, mfns[i], true),
                         -PARAPET_EPERM);
    }
}

/* In use, half let go, and let go. */
static void test_a_table_is_not_lent(void **state)
{
    (void)state;
    table_entries(lent)[300] = P | frame_paddr(mmu_mfn(0, 2));
    assert_int_equal(pin(0, lent), 0);
    expect_get(lent, -PARAPET_EBUSY, -PARAPET_EBUSY);
    assert_int_equal(table_unpin(lender, lent), 0);
    expect_get(lent, 0, -PARAPET_EAGAIN);
    assert_true(table_release(lender));
    expect_get(lent, 0, -PARAPET_EAGAIN);
    assert_int_equal(get_writable(0, lent), 0);
    expect_get(lent, 0, 0);
    type_put_writable(lent);
}

/* The hypervisor's hold of the frame, which stays its owner's. */
static void let_go(void)
{
    type_put_writable(lent);
    frame_info(lent)->held = 0;
    lender->nr_held--;
}

static void test_what_guests_may_only_read(void **state)
{
    (void)state;
    type_hold(lender, lent, false);
    expect_get(lent, 0, -PARAPET_EBUSY);
    let_go();
}

static void test_no_room(void **state)
{
    uint64_t nr = 0;

    (void)state;
    assert_int_equal(get_writable(0, lent), 0);
    while (type_get_foreign(lender, lent, nr & 1) == 0)
        nr++;
    assert_int_equal(nr, STATE_REFERENCES_FULL - 1);
    expect_get(lent, -PARAPET_ENOSPC, -PARAPET_ENOSPC);
    while (nr-- > 0)
        type_put_foreign(lent, nr & 1);
    type_put_writable(lent);
}

/* Those who write keep it from being a table, and all keep the owner. */
static void test_what_references_keep(void **state)
{
    (void)state;
    assert_int_equal(get_writable(0, lent), 0);
    assert_int_equal(type_get_foreign(lender, lent, true), 0);
    assert_int_equal(type_get_foreign(lender, lent, false), 0);
    type_put_writable(lent);
    assert_int_equal(pin(0, lent), -PARAPET_EBUSY);
    assert_int_equal(type_take_back(lender, lent), -PARAPET_EBUSY);
    type_put_foreign(lent, true);
    assert_int_equal(pin(0, lent), 0);
    unpin(0, lent);
    assert_int_equal(type_take_back(lender, lent), -PARAPET_EBUSY);
    type_put_foreign(lent, false);
    assert_int_equal(type_take_back(lender, lent), 0);
}

/* The frame of a domain that is being built may be lent as soon as it is the
 * domain's, which is before it is held. */
static void test_a_hold_of_what_others_read(void **state)
{
    mfn_t page = mmu_mfn(0, 0), counters = mmu_mfn(0, 1);
    struct audit_hold holds[] = {{page, TYPE_WRITABLE}, {counters, TYPE_NONE}};

    (void)state;
    assert_int_equal(type_get_foreign(lender, page, false), 0);
    assert_int_equal(type_get_foreign(lender, counters, false), 0);
    (void)mmu_begin(0, WORK_CALL);
    type_hold(lender, page, true);
    type_hold(lender, counters, false);
    type_put_foreign(page, false);
    type_put_foreign(counters, false);
    assert_int_equal(audit_memory(lender, holds, 2), 0);
    (void)mmu_begin(0, WORK_CALL);
    owner_free_held(lender, page);
    owner_free_held(lender, counters);
}

static void test_a_hold_of_a_frame_in_use(void **state)
{
    struct audit_hold hold = {lent, TYPE_WRITABLE};

    (void)state;
    assert_int_equal(pin(0, lent), 0);
    assert_int_equal(type_hold_in_use(lender, lent), -PARAPET_EBUSY);
    unpin(0, lent);
    assert_int_equal(get_writable(0, lent), 0);
    assert_int_equal(type_hold_in_use(mmu_begin(0, WORK_CALL), lent), 0);
    assert_int_equal(lender->nr_held, 1);
    assert_int_equal(type_hold_in_use(lender, lent), -PARAPET_EBUSY);
    assert_int_equal(lender->nr_held, 1);
    assert_int_equal(type_hold_in_use(lender, table), -PARAPET_EPERM);
    type_put_writable(lent);
    assert_int_equal(audit_memory(lender, &hold, 1), 0);
    assert_int_equal(pin(0, lent), -PARAPET_EBUSY);
    let_go();
}

/* ---- entries ---- */

static uint64_t pte_of(mfn_t in, unsigned int index)
{
    return table_entry_paddr(in, index);
}

static int map(unsigned int index, uint64_t bits)
{
    return table_map_foreign(m, pte_of(table, index), frame_paddr(lent) | bits);
}

static int write(unsigned int index, uint64_t value, uint64_t mask)
{
    return table_write(mmu_begin(1, WORK_CALL), table, index, value, mask);
}

static uint64_t at(unsigned int index)
{
    return table_entries(table)[index];
}

static void test_what_an_entry_says(void **state)
{
    const uint64_t address = frame_paddr(lent);

    (void)state;
    assert_int_equal(pin(1, table), 0);
    assert_int_equal(map(0, 0), 0);
    assert_int_equal(map(1, P | W | U | SOFT | NX), 0);
    assert_int_equal(at(0), address | P | U | KERNEL | FOREIGN);
    assert_int_equal(at(1), address | P | W | U | SOFT | NX | FOREIGN);
    assert_int_equal(frame_info(table)->nr_foreign, 2);
    assert_int_equal(m->detours, 2);
    assert_int_equal(count_of(table), 3);
    for (unsigned int i = 0; i < 2; i++) {
        assert_true(frame_state(frame_info(table)) & STATE_FOREIGN);
        table_unmap_foreign(m, pte_of(table, i));
        assert_int_equal(at(i), 0);
    }
    assert_false(frame_state(frame_info(table)) & STATE_FOREIGN);
    assert_int_equal(frame_info(table)->nr_foreign, 0);
    assert_int_equal(m->detours, 0);
    assert_int_equal(count_of(table), 1);
    unpin(1, table);
}

static void expect_refused(uint64_t pte, uint64_t entry, int error)
{
    assert_int_equal(table_map_foreign(m, pte, entry), error);
    assert_int_equal(m->detours, 0);
}

static void test_entries_that_are_refused(void **state)
{
    const uint64_t entry = frame_paddr(lent);
    mfn_t upper = mmu_mfn(1, 2);

    (void)state;
    expect_refused(pte_of(table, 3), entry, -PARAPET_ENOENT);
    assert_int_equal(pin(1, table), 0);
    assert_int_equal(table_pin(m, upper, TYPE_L2), 0);
    expect_refused(pte_of(upper, 3), entry, -PARAPET_ENOENT);
    expect_refused(pte_of(table, 3) + 4, entry, -PARAPET_EINVAL);
    expect_refused(pte_of(lent, 3), entry, -PARAPET_EPERM);
    expect_refused(pte_of(paging_root(), 3), entry, -PARAPET_EPERM);
    expect_refused(pte_of(nr_frame_infos, 3), entry, -PARAPET_EPERM);
    expect_refused(ALL & ~7ul, entry, -PARAPET_EPERM);
    /* Bits that it must not have: large, global, a key, KERNEL, FOREIGN. */
    expect_refused(pte_of(table, 3), entry | 0x80, -PARAPET_EINVAL);
    expect_refused(pte_of(table, 3), entry | 0x100, -PARAPET_EINVAL);
    expect_refused(pte_of(table, 3), entry | 1ul << 59, -PARAPET_EINVAL);
    expect_refused(pte_of(table, 3), entry | KERNEL, -PARAPET_EINVAL);
    expect_refused(pte_of(table, 3), entry | FOREIGN, -PARAPET_EINVAL);
    /* Taken by the domain's own: a page, or what is not present. */
    assert_int_equal(write(3, frame_paddr(mmu_mfn(1, 4)) | P, ALL), 0);
    assert_int_equal(write(4, FOREIGN, ALL), 0);
    expect_refused(pte_of(table, 3), entry, -PARAPET_EBUSY);
    expect_refused(pte_of(table, 4), entry, -PARAPET_EBUSY);
    assert_int_equal(count_of(table), 1);
    unpin(1, upper);
    unpin(1, table);
}

/* Whatever value and mask he tries. */
static void test_no_guest_changes_it(void **state)
{
    const uint64_t masks[] = {
        ALL, 0, P, PARAPET_PTE_A, SOFT, FOREIGN, PARAPET_PTE_ADDRESS};
    const uint64_t values[] = {0, ALL, frame_paddr(mmu_mfn(1, 4)) | P | W};
    uint64_t before;

    (void)state;
    assert_int_equal(pin(1, table), 0);
    assert_true(table_is_l1(m, table));
    assert_int_equal(map(7, W), 0);
    assert_false(table_is_l1(m, table));
    before = at(7);
    for (unsigned int i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
        for (unsigned int j = 0; j < sizeof(values) / sizeof(values[0]); j++) {
            assert_int_equal(write(7, values[j], masks[i]), -PARAPET_EBUSY);
            assert_int_equal(m->failed_entry, pte_of(table, 7));
        }
        assert_int_equal(write(7, before, masks[i]), -PARAPET_EBUSY);
    }
    assert_int_equal(at(7), before);
    /* Its neighbours are as they were. */
    assert_int_equal(write(6, frame_paddr(mmu_mfn(1, 4)) | P | W, ALL), 0);
    assert_int_equal(write(6, SOFT, SOFT), 0);
    assert_int_equal(write(6, 0, ALL), 0);
    table_unmap_foreign(m, pte_of(table, 7));
    assert_true(table_is_l1(m, table));
    assert_int_equal(write(7, frame_paddr(mmu_mfn(1, 4)) | P | W, ALL), 0);
    unpin(1, table);
}

/* Nobody can make one himself, not even by pinning what says so. */
static void test_the_mark_of_a_guest(void **state)
{
    const uint64_t own = frame_paddr(mmu_mfn(1, 4));

    (void)state;
    table_entries(table)[0] = own | P | FOREIGN;
    assert_int_equal(pin(1, table), -PARAPET_EINVAL);
    table_entries(table)[0] = frame_paddr(lent) | P | FOREIGN;
    assert_int_equal(pin(1, table), -PARAPET_EINVAL);
    /* What is not present is the guest's own. */
    table_entries(table)[0] = FOREIGN | U;
    assert_int_equal(pin(1, table), 0);
    assert_true(table_is_l1(m, table));
    assert_int_equal(write(1, own | P | FOREIGN, ALL), -PARAPET_EINVAL);
    assert_int_equal(write(0, P, P), -PARAPET_EINVAL);
    assert_int_equal(write(0, U, ALL), 0);
    assert_int_equal(write(0, FOREIGN, ALL), 0);
    unpin(1, table);
    assert_int_equal(table_entries(table)[0], FOREIGN);
}

/* What was its last reference goes, and it is one all the same. */
static void test_the_table_stays(void **state)
{
    mfn_t upper = mmu_mfn(1, 2);

    (void)state;
    table_entries(upper)[9] = frame_paddr(table) | P;
    assert_int_equal(table_pin(mmu_begin(1, WORK_CALL), upper, TYPE_L2), 0);
    assert_int_equal(map(511, 0), 0);
    unpin(1, upper);
    assert_int_equal(count_of(table), 1);
    assert_true(frame_state(frame_info(table)) & STATE_VALID);
    assert_int_equal(frame_info(table)->nr_valid, TABLE_ENTRIES);
    assert_int_equal(m->releasing, FRAME_INFO_NONE);
    assert_int_equal(get_writable(1, table), -PARAPET_EBUSY);
    assert_int_equal(type_take_back(m, table), -PARAPET_EBUSY);
    assert_int_equal(map(510, W), 0);
    table_unmap_foreign(m, pte_of(table, 511));
    assert_int_equal(count_of(table), 1);
    table_unmap_foreign(m, pte_of(table, 510));
    /* Now it goes, as any. */
    assert_int_equal(count_of(table), 0);
    assert_int_equal(m->releasing, table);
    assert_int_equal(m->detours, 1);
    assert_true(table_release(mmu_begin(1, WORK_CALL)));
    assert_int_equal(m->detours, 0);
    assert_int_equal(get_writable(1, table), 0);
    type_put_writable(table);
}

static bool is_lent(unsigned int domain, mfn_t mfn, bool writable)
{
    (void)writable;
    return domain == 1 && mfn == lent;
}

/* Nothing is asked for but by a change of type. */
static void walk(mfn_t root)
{
    mmu_speculate(MMU_CPUS - 1, root);
    assert_null(mmu_check_caches());
}

/* Two entries, of which so many go before the table is taken out of those above
 * it, and the others after that. */
static void leave_the_tables(unsigned int nr_before)
{
    const mfn_t root = mmu_mfn(1, 1), upper = mmu_mfn(1, 2),
                above = mmu_mfn(1, 3);
    unsigned int nr_flushes;

    table_entries(upper)[9] = frame_paddr(table) | P;
    table_entries(above)[9] = frame_paddr(upper) | P;
    table_entries(root)[9] = frame_paddr(above) | P;
    assert_int_equal(table_pin(mmu_begin(1, WORK_CALL), root, TYPE_L4), 0);
    assert_int_equal(map(0, W), 0);
    assert_int_equal(map(1, 0), 0);
    walk(root);
    nr_flushes = mmu_nr_flushes(MMU_CPUS - 1);
    for (unsigned int i = 0; i < 2; i++) {
        if (i == nr_before)
            assert_int_equal(table_write(m, upper, 9, 0, ALL), 0);
        table_unmap_foreign(m, pte_of(table, i));
        walk(root);
    }
    if (nr_before == 2)
        assert_int_equal(table_write(m, upper, 9, 0, ALL), 0);
    assert_true(table_release(m));
    walk(root);
    assert_true(mmu_is_cached(MMU_CPUS - 1, table, TYPE_L1));
    assert_int_equal(mmu_nr_flushes(MMU_CPUS - 1), nr_flushes);
    assert_int_equal(get_writable(1, table), 0);
    walk(root);
    assert_int_equal(mmu_nr_flushes(MMU_CPUS - 1), nr_flushes + 1);
    type_put_writable(table);
    unpin(1, root);
}

/*
 * An entry that goes leaves no stamp on its table unless it was the last to
 * hold it. CPUs find a table by those above it, and who leaves these stamps it:
 * so in each order its next type finds no CPU that walks it.
 */
static void test_a_table_that_was_walked(void **state)
{
    (void)state;
    mmu_is_lent = is_lent;
    assert_int_equal(get_writable(0, lent), 0);
    type_put_writable(lent);
    for (unsigned int nr_before = 0; nr_before <= 2; nr_before++)
        leave_the_tables(nr_before);
    mmu_is_lent = NULL;
}

/* All entries of a table, and the most that it can be referred to. */
static void test_full_tables(void **state)
{
    struct frame_info *f = frame_info(table);
    uint64_t before;

    (void)state;
    assert_int_equal(pin(1, table), 0);
    for (unsigned int i = 0; i < TABLE_ENTRIES; i++)
        assert_int_equal(map(i, 0), 0);
    assert_int_equal(f->nr_foreign, TABLE_ENTRIES);
    for (unsigned int i = 0; i < TABLE_ENTRIES; i++)
        table_unmap_foreign(m, pte_of(table, i));
    before = f->state;
    f->state |= STATE_REFERENCES_FULL;
    expect_refused(pte_of(table, 0), frame_paddr(lent), -PARAPET_ENOSPC);
    f->state = before;
    unpin(1, table);
}

/* ---- entries that map devices ---- */

#define UNCACHED PARAPET_PTE_UNCACHED

static int map_device(unsigned int index)
{
    return device_page_map(m, pte_of(table, index), DEVICE);
}

static void test_pages_of_devices(void **state)
{
    const mfn_t others[] = {0,          lent,       table,   mmu_free_mfn(),
                            DEVICE - 1, DEVICE + 1, MFN_NONE};

    (void)state;
    assert_int_equal(pin(1, table), 0);
    for (unsigned int i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_int_equal(device_page_map(m, pte_of(table, 0), others[i]),
                         -PARAPET_EPERM);
    assert_int_equal(map_device(0), 0);
    assert_int_equal(at(0), frame_paddr(DEVICE) | P | W | U | KERNEL | FOREIGN |
                                NX | UNCACHED);
    assert_int_equal(count_of(table), 2);
    assert_int_equal(m->detours, 1);
    assert_int_equal(map_device(0), -PARAPET_EBUSY);
    assert_int_equal(write(0, 0, ALL), -PARAPET_EBUSY);
    assert_int_equal(device_page_unmap(m, pte_of(table, 0)), 0);
    assert_int_equal(at(0), 0);
    assert_int_equal(count_of(table), 1);
    assert_int_equal(m->detours, 0);
    assert_int_equal(device_page_unmap(m, pte_of(table, 0)), -PARAPET_ENOENT);
    unpin(1, table);
    assert_int_equal(map_device(0), -PARAPET_ENOENT);
    assert_int_equal(device_page_map(m, pte_of(lent, 0), DEVICE),
                     -PARAPET_EPERM);
}

/* A lent frame's entry is none of a device, nor the other way round. */
static void test_devices_beside_lent_frames(void **state)
{
    (void)state;
    assert_int_equal(pin(1, table), 0);
    assert_int_equal(map(1, W), 0);
    assert_int_equal(map_device(2), 0);
    assert_int_equal(device_page_unmap(m, pte_of(table, 1)), -PARAPET_ENOENT);
    assert_int_equal(device_page_unmap(m, pte_of(table, 2)), 0);
    assert_true(frame_state(frame_info(table)) & STATE_FOREIGN);
    table_unmap_foreign(m, pte_of(table, 1));
    assert_false(frame_state(frame_info(table)) & STATE_FOREIGN);
    unpin(1, table);
}

/* Nobody makes one himself. */
static void test_a_guest_sets_no_caching(void **state)
{
    const uint64_t own = frame_paddr(mmu_mfn(1, 4));

    (void)state;
    table_entries(table)[0] = own | P | UNCACHED;
    assert_int_equal(pin(1, table), -PARAPET_EINVAL);
    table_entries(table)[0] = frame_paddr(DEVICE) | P | UNCACHED | FOREIGN;
    assert_int_equal(pin(1, table), -PARAPET_EINVAL);
    table_entries(table)[0] = UNCACHED | FOREIGN;
    assert_int_equal(pin(1, table), 0);
    assert_int_equal(write(0, P, P), -PARAPET_EINVAL);
    assert_int_equal(write(1, own | P | UNCACHED, ALL), -PARAPET_EINVAL);
    assert_int_equal(write(1, frame_paddr(DEVICE) | P, ALL), -PARAPET_EPERM);
    expect_refused(pte_of(table, 1), frame_paddr(lent) | UNCACHED,
                   -PARAPET_EINVAL);
    unpin(1, table);
}

/* As many as it may have; the end takes them all, and the table can go. */
static void test_the_end_with_devices(void **state)
{
    (void)state;
    assert_int_equal(pin(1, table), 0);
    for (unsigned int i = 0; i < MAX_DEVICE_MAPS; i++)
        assert_int_equal(map_device(i), 0);
    assert_int_equal(map_device(MAX_DEVICE_MAPS), -PARAPET_ENOSPC);
    assert_int_equal(device_page_unmap(m, pte_of(table, 3)), 0);
    assert_int_equal(map_device(MAX_DEVICE_MAPS), 0);
    assert_int_equal(audit_memory(m, NULL, 0), 0);
    assert_int_equal(table_unpin(mmu_begin(1, WORK_CALL), table), 0);
    assert_int_equal(m->releasing, FRAME_INFO_NONE);
    device_page_end(m);
    assert_int_equal(m->devices.nr, 0);
    assert_int_equal(m->releasing, table);
    assert_true(table_release(mmu_begin(1, WORK_CALL)));
    assert_int_equal(get_writable(1, table), 0);
    type_put_writable(table);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_references),
        TEST(test_frames_that_are_not_the_lenders),
        TEST(test_a_table_is_not_lent),
        TEST(test_what_guests_may_only_read),
        TEST(test_no_room),
        TEST(test_what_references_keep),
        TEST(test_a_hold_of_what_others_read),
        TEST(test_a_hold_of_a_frame_in_use),
        TEST(test_what_an_entry_says),
        TEST(test_entries_that_are_refused),
        TEST(test_no_guest_changes_it),
        TEST(test_the_mark_of_a_guest),
        TEST(test_the_table_stays),
        TEST(test_a_table_that_was_walked),
        TEST(test_full_tables),
        TEST(test_pages_of_devices),
        TEST(test_devices_beside_lent_frames),
        TEST(test_a_guest_sets_no_caching),
        TEST(test_the_end_with_devices),
    };

    return cmocka_run_group_tests_name("mm, what is another's", tests, NULL,
                                       NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * hypervisor/mm/table.c: what docs/ABI.md section 3 says of entries, roots
 * and updates. That it can stop anywhere is test_table_preempt.c's.
 */
#include "tests/unit/unit.h"

#include "abi/errors.h"
#include "tests/unit/mmu.h"

#define NR_FRAMES 12u
#define P PARAPET_PTE_P
#define W PARAPET_PTE_W
#define U PARAPET_PTE_U
#define KERNEL PARAPET_PTE_KERNEL
#define ALL (~0ul)

static struct memory_owner *const m = &mmu_domains[0];

/* Of the first domain: pages, and what becomes a table of each level. */
static mfn_t page, page2, l1, l2, l3, l4, user_root;

static int begin(void **state)
{
    (void)state;
    mmu_create(NR_FRAMES, NR_FRAMES);
    page = mmu_mfn(0, 0);
    page2 = mmu_mfn(0, 1);
    l1 = mmu_mfn(0, 2);
    l2 = mmu_mfn(0, 3);
    l3 = mmu_mfn(0, 4);
    l4 = mmu_mfn(0, 5);
    user_root = mmu_mfn(0, 6);
    return 0;
}

static int end(void **state)
{
    (void)state;
    if (mmu_check_caches())
        return 1;
    return audit_memory(&mmu_domains[0], NULL, 0) != 0 ||
           audit_memory(&mmu_domains[1], NULL, 0) != 0;
}

static uint64_t entry(mfn_t mfn, uint64_t flags)
{
    return frame_paddr(mfn) | flags;
}

/* The guest fills a page before it makes a table of it. */
static void fill(mfn_t table, unsigned int index, uint64_t value)
{
    table_entries(table)[index] = value;
}

static uint64_t at(mfn_t table, unsigned int index)
{
    return table_entries(table)[index];
}

static int pin(mfn_t mfn, enum frame_type type)
{
    return table_pin(mmu_begin(0, 65536), mfn, type);
}

static int write(mfn_t table, unsigned int index, uint64_t value)
{
    return table_write(mmu_begin(0, 65536), table, index, value, ALL);
}

static void release(void)
{
    (void)mmu_begin(0, 65536);
    assert_true(table_release(m));
}

static int unpin(mfn_t mfn)
{
    int error = table_unpin(m, mfn);

    release();
    return error;
}

/* One table of each kind, all pinned and empty. */
static void pin_all(void)
{
    assert_int_equal(pin(l1, TYPE_L1), 0);
    assert_int_equal(pin(l2, TYPE_L2), 0);
    assert_int_equal(pin(l3, TYPE_L3), 0);
    assert_int_equal(pin(l4, TYPE_L4), 0);
    assert_int_equal(pin(user_root, TYPE_USER_ROOT), 0);
}

/* ---- what an entry may say ---- */

static void test_bits(void **state)
{
    const uint64_t allowed = P | W | U | PARAPET_PTE_A | PARAPET_PTE_D |
                             PARAPET_PTE_SOFT | PARAPET_PTE_NX;
    const struct {
        mfn_t table, below;
    } cases[] = {{l1, page}, {l2, l1}, {l3, l2}, {l4, l3}, {user_root, l3}};

    (void)state;
    pin_all();
    for (unsigned int i = 0; i < 5; i++) {
        for (unsigned int bit = 1; bit < 64; bit++) {
            uint64_t flag = 1ul << bit;
            int error =
                write(cases[i].table, 3,
                      entry(cases[i].below, P | U) ^ (flag == U ? 0 : flag));

            if (flag & PARAPET_PTE_ADDRESS)
                assert_true(error == -PARAPET_EPERM ||
                            error == -PARAPET_EBUSY ||
                            error == -PARAPET_EINVAL || error == 0);
            else
                assert_int_equal(error, flag & allowed ? 0 : -PARAPET_EINVAL);
            if (error)
                assert_int_equal(m->failed_entry,
                                 table_entry_paddr(cases[i].table, 3));
            assert_int_equal(write(cases[i].table, 3, 0), 0);
            release();
        }
    }
}

/* The same where a page is made a table. */
static void test_bits_of_a_new_table(void **state)
{
    static const unsigned int refused[] = {3,  4,  7,  8,  11, 52, 53, 54,
                                           55, 56, 57, 58, 59, 60, 61, 62};

    (void)state;
    for (unsigned int i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        fill(l1, 511, entry(page, P | U | 1ul << refused[i]));
        assert_int_equal(pin(l1, TYPE_L1), -PARAPET_EINVAL);
        assert_int_equal(m->failed_entry, table_entry_paddr(l1, 511));
        release();
    }
    fill(l1, 511, entry(page, P | U));
    assert_int_equal(pin(l1, TYPE_L1), 0);
}

static void test_address_without_a_frame(void **state)
{
    (void)state;
    pin_all();
    for (unsigned int bit = 12; bit < 52; bit++) {
        assert_int_equal(write(l1, 0, 1ul << bit), -PARAPET_EINVAL);
        assert_int_equal(write(l3, 0, 1ul << bit), -PARAPET_EINVAL);
    }
    /* All else there is the guest's own. */
    assert_int_equal(write(l1, 0, ~(uint64_t)(PARAPET_PTE_ADDRESS | P)), 0);
    assert_int_equal(at(l1, 0), ~(uint64_t)(PARAPET_PTE_ADDRESS | P));
    /* To clear P alone leaves the address. */
    assert_int_equal(write(l1, 0, entry(page, P)), 0);
    assert_int_equal(table_write(m, l1, 0, 0, P), -PARAPET_EINVAL);
}

static void test_user_bit(void **state)
{
    (void)state;
    fill(l1, 0, entry(page, P));
    fill(l1, 1, entry(page, P | U));
    assert_int_equal(pin(l1, TYPE_L1), 0);
    assert_int_equal(at(l1, 0), entry(page, P | U | KERNEL));
    assert_int_equal(at(l1, 1), entry(page, P | U));
    assert_int_equal(write(l1, 2, entry(page, P | W)), 0);
    assert_int_equal(at(l1, 2), entry(page, P | W | U | KERNEL));
    /* A mask without U leaves what was meant. */
    assert_int_equal(table_write(m, l1, 2, 0, W), 0);
    assert_int_equal(at(l1, 2), entry(page, P | U | KERNEL));
    assert_int_equal(table_write(m, l1, 2, U, U), 0);
    assert_int_equal(at(l1, 2), entry(page, P | U));
    /* And when it is no table any more, it reads as it was written. */
    assert_int_equal(unpin(l1), 0);
    assert_int_equal(at(l1, 0), entry(page, P));
    assert_int_equal(at(l1, 1), entry(page, P | U));
}

static void test_frames_of_others(void **state)
{
    const mfn_t mfns[] = {paging_root(), mmu_free_mfn(), mmu_mfn(1, 0),
                          nr_frame_infos, (1ul << 40) - 1};

    (void)state;
    pin_all();
    for (unsigned int i = 0; i < sizeof(mfns) / sizeof(mfns[0]); i++) {
        assert_int_equal(write(l1, 0, entry(mfns[i], P | U)), -PARAPET_EPERM);
        assert_int_equal(write(l1, 0, entry(mfns[i], P | W)), -PARAPET_EPERM);
        assert_int_equal(write(l2, 0, entry(mfns[i], P)), -PARAPET_EPERM);
        assert_int_equal(write(l3, 0, entry(mfns[i], P)), -PARAPET_EPERM);
        assert_int_equal(write(l4, 0, entry(mfns[i], P)), -PARAPET_EPERM);
        assert_int_equal(at(l1, 0) | at(l2, 0) | at(l3, 0) | at(l4, 0), 0);
        /* Nor a table of somebody else's. */
        assert_int_equal(write(mfns[i], 0, 0), -PARAPET_EPERM);
    }
}

static void test_masks(void **state)
{
    const uint64_t ad = PARAPET_PTE_A | PARAPET_PTE_D;

    (void)state;
    assert_int_equal(pin(l1, TYPE_L1), 0);
    assert_int_equal(write(l1, 0, entry(page, P | W | U)), 0);
    table_entries(l1)[0] |= ad; /* the CPU's doing */
    assert_int_equal(table_write(m, l1, 0, 0, W), 0);
    assert_int_equal(at(l1, 0), entry(page, P | U | ad));
    assert_int_equal(
        table_write(m, l1, 0, entry(page2, 0), PARAPET_PTE_ADDRESS), 0);
    assert_int_equal(at(l1, 0), entry(page2, P | U | ad));
    assert_int_equal(table_write(m, l1, 0, ALL, 0), 0);
    assert_int_equal(at(l1, 0), entry(page2, P | U | ad));
    assert_int_equal(table_write(m, l1, 0, KERNEL, KERNEL), -PARAPET_EINVAL);
    /* The page that was let go by the mask alone is free for anything. */
    assert_int_equal(pin(page, TYPE_L1), 0);
}

/* ---- roots ---- */

static void test_slots(void **state)
{
    (void)state;
    pin_all();
    for (unsigned int i = 0; i < TABLE_ENTRIES; i++) {
        bool closed = i >= HV_FIRST_SLOT;
        int error = closed ? -PARAPET_EPERM : 0;

        assert_int_equal(write(user_root, i, entry(l3, P | U)), error);
        assert_int_equal(write(user_root, i, 0), error);
        closed &= i < HV_FIRST_SLOT + HV_NR_SLOTS;
        error = closed ? -PARAPET_EPERM : 0;
        assert_int_equal(write(l4, i, entry(l3, P)), error);
        assert_int_equal(table_write(m, l4, i, 0, 0), error);
        assert_int_equal(write(l4, i, 0), error);
    }
}

static void test_forged_slots(void **state)
{
    static const unsigned int slots[] = {256, 257, 271, 272, 511};

    (void)state;
    for (unsigned int i = 0; i < 5; i++) {
        bool is_kernels = slots[i] >= HV_FIRST_SLOT + HV_NR_SLOTS;

        fill(l4, slots[i], table_entries(paging_root())[slots[i]] | P);
        assert_int_not_equal(pin(l4, TYPE_L4), 0);
        release();
        fill(l4, slots[i], is_kernels ? 0 : 2);
        assert_int_equal(pin(l4, TYPE_L4), is_kernels ? 0 : -PARAPET_EPERM);
        release();
        if (is_kernels)
            assert_int_equal(unpin(l4), 0);
        fill(l4, slots[i], 0);

        fill(user_root, slots[i], 2);
        assert_int_equal(pin(user_root, TYPE_USER_ROOT), -PARAPET_EPERM);
        assert_int_equal(m->failed_entry,
                         table_entry_paddr(user_root, slots[i]));
        release();
        fill(user_root, slots[i], 0);
    }
}

static void test_hypervisors_slots(void **state)
{
    (void)state;
    pin_all();
    for (unsigned int i = HV_FIRST_SLOT; i < TABLE_ENTRIES; i++) {
        uint64_t own = table_entries(paging_root())[i];

        assert_int_equal(at(l4, i), own);
        assert_int_equal(at(user_root, i), i == HV_FIRST_SLOT ? 0 : own);
    }
    assert_int_equal(unpin(l4), 0);
    assert_int_equal(unpin(user_root), 0);
    for (unsigned int i = 0; i < TABLE_ENTRIES; i++)
        assert_int_equal(at(l4, i) | at(user_root, i), 0);
}

static void test_no_kernel_entry_in_a_user_root(void **state)
{
    (void)state;
    pin_all();
    assert_int_equal(write(user_root, 0, entry(l3, P)), -PARAPET_EINVAL);
    assert_int_equal(write(user_root, 0, entry(l3, P | U)), 0);
    assert_int_equal(write(l4, 0, entry(l3, P)), 0);
    assert_int_equal(unpin(user_root), 0);
    fill(user_root, 0, entry(l3, P | W));
    assert_int_equal(pin(user_root, TYPE_USER_ROOT), -PARAPET_EINVAL);
    release();
    /* Neither root is good for the other's part. */
    assert_int_equal(table_get_valid(m, l4, TYPE_USER_ROOT), -PARAPET_ENOENT);
    fill(user_root, 0, 0);
    assert_int_equal(pin(user_root, TYPE_USER_ROOT), 0);
    assert_int_equal(table_get_valid(m, user_root, TYPE_L4), -PARAPET_ENOENT);
}

/* ---- levels ---- */

static void test_wrong_level(void **state)
{
    const mfn_t tables[] = {page, l1, l2, l3, l4};

    (void)state;
    assert_int_equal(pin(l1, TYPE_L1), 0);
    assert_int_equal(write(l1, 0, entry(page, P | W)), 0);
    assert_int_equal(pin(l2, TYPE_L2), 0);
    assert_int_equal(pin(l3, TYPE_L3), 0);
    assert_int_equal(pin(l4, TYPE_L4), 0);
    for (unsigned int from = 1; from <= 4; from++) {
        for (unsigned int to = 0; to <= 4; to++) {
            int error = write(tables[from], 5, entry(tables[to], P | W));

            assert_int_equal(error, to + 1 == from ? 0 : -PARAPET_EBUSY);
        }
    }
}

/* A table that refers to itself, before and after it is one. */
static void test_self_reference(void **state)
{
    static const enum frame_type types[] = {TYPE_L1, TYPE_L2, TYPE_L3, TYPE_L4,
                                            TYPE_USER_ROOT};

    (void)state;
    for (unsigned int i = 0; i < 5; i++) {
        mfn_t table = mmu_mfn(0, i);

        fill(table, 9, entry(table, P | W | U));
        assert_int_equal(pin(table, types[i]), -PARAPET_EBUSY);
        assert_int_equal(m->failed_entry, table_entry_paddr(table, 9));
        release();
        fill(table, 9, 0);
        assert_int_equal(pin(table, types[i]), 0);
        assert_int_equal(write(table, 9, entry(table, P | W | U)),
                         -PARAPET_EBUSY);
    }
}

static void test_mutual_reference(void **state)
{
    (void)state;
    fill(l2, 0, entry(l1, P));
    fill(l1, 0, entry(l2, P | W));
    assert_int_equal(pin(l2, TYPE_L2), -PARAPET_EBUSY);
    assert_int_equal(m->failed_entry, table_entry_paddr(l1, 0));
    release();
    /* To be read, it may be there. */
    fill(l1, 0, entry(l2, P));
    assert_int_equal(pin(l2, TYPE_L2), 0);
}

/* A page table that is writable, in every order of the steps. */
static void test_writable_table(void **state)
{
    mfn_t other = mmu_mfn(0, 7);

    (void)state;
    assert_int_equal(pin(other, TYPE_L1), 0);
    assert_int_equal(write(other, 0, entry(l1, P | W)), 0);
    assert_int_equal(pin(l1, TYPE_L1), -PARAPET_EBUSY);
    assert_int_equal(table_write(m, other, 0, 0, W), 0);
    assert_int_equal(pin(l1, TYPE_L1), 0);
    assert_int_equal(table_write(m, other, 0, W, W), -PARAPET_EBUSY);
    assert_int_equal(write(other, 1, entry(l1, P | W)), -PARAPET_EBUSY);
    assert_int_equal(write(l1, 1, entry(l1, P | W)), -PARAPET_EBUSY);
    assert_int_equal(unpin(l1), 0);
    assert_int_equal(write(other, 1, entry(l1, P | W)), 0);
}

/* The place that is told is the deepest one. */
static void test_failure_below(void **state)
{
    uint64_t *found;

    (void)state;
    fill(l4, 1, entry(l3, P));
    fill(l3, 2, entry(l2, P));
    fill(l2, 3, entry(l1, P));
    fill(l1, 4, entry(mmu_mfn(1, 0), P));
    assert_int_equal(pin(l4, TYPE_L4), -PARAPET_EPERM);
    assert_int_equal(m->failed_entry, table_entry_paddr(l1, 4));
    release();
    fill(l1, 4, 0);
    assert_int_equal(pin(l4, TYPE_L4), 0);
    assert_int_equal(m->failed_entry, 0);
    assert_true(
        table_walk(l4, 1ul << 39 | 2ul << 30 | 3ul << 21 | 5ul << 12, &found));
    assert_ptr_equal(found, table_entries(l1) + 5);
    assert_false(table_walk(l4, 1ul << 39 | 2ul << 30, &found));
    assert_false(table_walk(l4, 1ul << 39, &found));
    assert_false(table_walk(l4, 0, &found));
    /* They are tables by that alone, and no longer than that. */
    assert_int_equal(write(l1, 4, entry(page, P | W)), 0);
    assert_int_equal(unpin(l4), 0);
    assert_int_equal(write(l1, 4, 0), -PARAPET_ENOENT);
}

/* ---- pins ---- */

static void test_pins(void **state)
{
    (void)state;
    assert_int_equal(table_unpin(m, l1), -PARAPET_ENOENT);
    assert_int_equal(pin(l1, TYPE_L1), 0);
    assert_int_equal(pin(l1, TYPE_L1), -PARAPET_EEXIST);
    assert_int_equal(pin(l1, TYPE_L2), -PARAPET_EBUSY);
    assert_int_equal(table_unpin(&mmu_domains[1], l1), -PARAPET_EPERM);
    assert_int_equal(table_unpin(m, mmu_mfn(1, 0)), -PARAPET_EPERM);
    assert_int_equal(table_unpin(m, MFN_NONE), -PARAPET_EPERM);
    /* Not pinned, and in use by an entry: unpin is for pins. */
    fill(l2, 0, entry(l1, P));
    assert_int_equal(pin(l2, TYPE_L2), 0);
    assert_int_equal(unpin(l1), 0);
    assert_int_equal(table_unpin(m, l1), -PARAPET_ENOENT);
    assert_int_equal(write(l1, 0, entry(page, P)), 0);
    assert_int_equal(unpin(l2), 0);
    assert_int_equal(write(l1, 0, 0), -PARAPET_ENOENT);
}

static void test_root_in_use_stays(void **state)
{
    struct audit_hold hold = {l4, TYPE_L4};

    (void)state;
    assert_int_equal(table_get_valid(m, l4, TYPE_L4), -PARAPET_ENOENT);
    assert_int_equal(table_get_valid(m, mmu_mfn(1, 0), TYPE_L4),
                     -PARAPET_EPERM);
    assert_int_equal(table_get_valid(m, MFN_NONE, TYPE_L4), -PARAPET_EPERM);
    pin_all();
    assert_int_equal(table_get_valid(m, l4, TYPE_L4), 0);
    assert_int_equal(unpin(l4), 0);
    assert_int_equal(write(l4, 0, entry(l3, P)), 0);
    assert_int_equal(type_take_back(m, l4), -PARAPET_EBUSY);
    assert_int_equal(audit_memory(m, &hold, 1), 0);
    table_put(m, l4);
    release();
    assert_int_equal(write(l4, 0, 0), -PARAPET_ENOENT);
}

static void test_full_counter(void **state)
{
    uint64_t full = STATE_REFERENCES_FULL - 1;

    (void)state;
    pin_all();
    __atomic_fetch_add(&frame_info(l1)->state, full * STATE_USE,
                       __ATOMIC_SEQ_CST);
    assert_int_equal(write(l2, 0, entry(l1, P)), -PARAPET_ENOSPC);
    assert_int_equal(table_get_valid(m, l1, TYPE_L1), -PARAPET_ENOSPC);
    assert_int_equal(write(l1, 0, entry(l1, P)), -PARAPET_ENOSPC);
    __atomic_fetch_sub(&frame_info(l1)->state, STATE_USE, __ATOMIC_SEQ_CST);
    assert_int_equal(write(l2, 0, entry(l1, P)), 0);
    assert_int_equal(write(l2, 1, entry(l1, P)), -PARAPET_ENOSPC);
    __atomic_fetch_sub(&frame_info(l1)->state, (full - 1) * STATE_USE,
                       __ATOMIC_SEQ_CST);
}

static void test_what_is_no_table(void **state)
{
    (void)state;
    assert_int_equal(write(page, 0, 0), -PARAPET_ENOENT);
    assert_int_equal(m->failed_entry, table_entry_paddr(page, 0));
    assert_int_equal(pin(l1, TYPE_L1), 0);
    assert_int_equal(write(l1, 0, entry(page, P | W)), 0);
    assert_int_equal(write(page, 0, 0), -PARAPET_ENOENT);
    assert_int_equal(write(nr_frame_infos, 0, 0), -PARAPET_EPERM);
    assert_int_equal(write(MFN_NONE >> PAGE_SHIFT, 511, 0), -PARAPET_EPERM);
}

/* A walk that a CPU began before is over when the table may be written. */
static void test_stale_walk(void **state)
{
    (void)state;
    pin_all();
    assert_int_equal(write(l4, 0, entry(l3, P)), 0);
    assert_int_equal(write(l3, 0, entry(l2, P)), 0);
    assert_int_equal(write(l2, 0, entry(l1, P)), 0);
    assert_int_equal(write(l1, 0, entry(page, P | W)), 0);
    mmu_speculate(1, l4);
    assert_true(mmu_is_cached(1, l1, TYPE_L1));
    assert_true(mmu_is_cached(1, page, TYPE_WRITABLE));
    assert_int_equal(write(l2, 0, 0), 0);
    assert_int_equal(unpin(l1), 0);
    /* It may still walk l1, which is still what it was. */
    mmu_speculate(1, 0);
    assert_null(mmu_check_caches());
    assert_int_equal(pin(page, TYPE_L1), 0);
    assert_null(mmu_check_caches());
    mmu_speculate(1, l4);
    assert_int_equal(type_get_writable(m, l1), 0);
    assert_null(mmu_check_caches());
    type_put_writable(l1);
}

/* And one that was walked is not walked any more when it may be written. */
static void test_stale_table(void **state)
{
    (void)state;
    pin_all();
    assert_int_equal(write(l4, 0, entry(l3, P)), 0);
    assert_int_equal(write(l3, 0, entry(l2, P)), 0);
    assert_int_equal(write(l2, 0, entry(l1, P)), 0);
    mmu_speculate(1, l4);
    assert_true(mmu_is_cached(1, l1, TYPE_L1));
    assert_int_equal(unpin(l1), 0);
    assert_int_equal(write(l2, 0, 0), 0);
    release();
    assert_int_equal(type_get_writable(m, l1), 0);
    assert_false(mmu_is_cached(1, l1, TYPE_L1));
    type_put_writable(l1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_bits),
        TEST(test_bits_of_a_new_table),
        TEST(test_address_without_a_frame),
        TEST(test_user_bit),
        TEST(test_frames_of_others),
        TEST(test_masks),
        TEST(test_slots),
        TEST(test_forged_slots),
        TEST(test_hypervisors_slots),
        TEST(test_no_kernel_entry_in_a_user_root),
        TEST(test_wrong_level),
        TEST(test_self_reference),
        TEST(test_mutual_reference),
        TEST(test_writable_table),
        TEST(test_failure_below),
        TEST(test_pins),
        TEST(test_root_in_use_stays),
        TEST(test_full_counter),
        TEST(test_what_is_no_table),
        TEST(test_stale_walk),
        TEST(test_stale_table),
    };

    return cmocka_run_group_tests_name("mm/table", tests, NULL, NULL);
}

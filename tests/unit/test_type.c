/* SPDX-License-Identifier: MIT
 *
 * hypervisor/mm/type.c: owners, references, the exclusive type, and that a
 * frame gets another type or owner only after a flush.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "abi/errors.h"
#include "hypervisor/mm/owner_release.h"
#include "tests/unit/mmu.h"

#define NR_FRAMES 8u

static struct memory_owner *const m = &mmu_domains[0];

static int begin(void **state)
{
    (void)state;
    mmu_create(NR_FRAMES, NR_FRAMES);
    return 0;
}

/* Whatever a test has done, the counts are right after it. */
static int end(void **state)
{
    (void)state;
    return audit_memory(&mmu_domains[0], NULL, 0) != 0 ||
           audit_memory(&mmu_domains[1], NULL, 0) != 0 ||
           mmu_audit_machine() != 0;
}

static int get_writable(mfn_t mfn)
{
    return type_get_writable(mmu_begin(0, WORK_CALL), mfn);
}

static int pin(mfn_t mfn)
{
    return table_pin(mmu_begin(0, WORK_CALL), mfn, TYPE_L1);
}

static void unpin(mfn_t mfn)
{
    assert_int_equal(table_unpin(mmu_begin(0, WORK_CALL), mfn), 0);
    assert_true(table_release(m));
}

static void test_frames_of_others(void **state)
{
    const mfn_t mfns[] = {0,
                          frame_of(frame_infos),
                          paging_root(),
                          mmu_free_mfn(),
                          mmu_mfn(1, 0),
                          nr_frame_infos,
                          1ul << 40,
                          MFN_NONE};

    (void)state;
    for (unsigned int i = 0; i < sizeof(mfns) / sizeof(mfns[0]); i++) {
        assert_int_equal(type_get(m, mfns[i]), -PARAPET_EPERM);
        assert_int_equal(get_writable(mfns[i]), -PARAPET_EPERM);
        assert_int_equal(pin(mfns[i]), -PARAPET_EPERM);
        assert_int_equal(type_take_back(m, mfns[i]), -PARAPET_EPERM);
    }
    /* And the second domain may do with its own as it likes. */
    assert_int_equal(type_get(&mmu_domains[1], mfns[4]), 0);
    type_put(mfns[4]);
}

/* In one step, in a domain that no CPU knows; its tables are not new. */
static void test_new_frames(void **state)
{
    mfn_t first = mmu_mfn(0, 0), second = mmu_mfn(0, 1), table = mmu_mfn(0, 2);
    uint64_t cpus = m->tlb_cpus;

    (void)state;
    assert_int_equal(pin(table), 0);
    assert_true(cpus != 0);
    assert_int_equal(type_get_writable(mmu_begin(0, WORK_CHANGE - 1), first),
                     -PARAPET_ERESTART);
    m->tlb_cpus = 0;
    assert_int_equal(type_get_writable(mmu_begin(0, WORK_NEW - 1), first),
                     -PARAPET_ERESTART);
    assert_int_equal(frame_state(frame_info(first)), m->owner);
    assert_int_equal(type_get_writable(mmu_begin(0, WORK_NEW), first), 0);
    assert_int_equal(frame_state(frame_info(first)),
                     m->valid_writable + STATE_USE);
    assert_int_equal(m->work, 0);
    assert_int_equal(get_writable(table), -PARAPET_EBUSY);
    assert_int_equal(pin(first), -PARAPET_EBUSY);
    type_put_writable(first);
    assert_int_equal(pin(first), 0);
    /* One that others refer to is not new. */
    assert_int_equal(type_get(m, second), 0);
    assert_int_equal(type_get_writable(mmu_begin(0, WORK_NEW), second),
                     -PARAPET_ERESTART);
    type_put(second);
    m->tlb_cpus = cpus;
    unpin(first);
    unpin(table);
}

static void test_one_type_at_a_time(void **state)
{
    mfn_t mfn = mmu_mfn(0, 0);

    (void)state;
    assert_int_equal(get_writable(mfn), 0);
    assert_int_equal(get_writable(mfn), 0);
    assert_int_equal(pin(mfn), -PARAPET_EBUSY);
    type_put_writable(mfn);
    assert_int_equal(pin(mfn), -PARAPET_EBUSY);
    type_put_writable(mfn);
    assert_int_equal(pin(mfn), 0);
    assert_int_equal(get_writable(mfn), -PARAPET_EBUSY);
    unpin(mfn);
    assert_int_equal(get_writable(mfn), 0);
    type_put_writable(mfn);
}

static void test_reading_needs_no_type(void **state)
{
    mfn_t mfn = mmu_mfn(0, 0);

    (void)state;
    assert_int_equal(type_get(m, mfn), 0);
    assert_int_equal(get_writable(mfn), 0);
    type_put_writable(mfn);
    assert_int_equal(pin(mfn), 0);
    assert_int_equal(type_get(m, mfn), 0);
    unpin(mfn);
    type_put(mfn);
    /* But the owner stays as long as there is one. */
    assert_int_equal(type_take_back(m, mfn), -PARAPET_EBUSY);
    type_put(mfn);
    assert_int_equal(type_take_back(m, mfn), 0);
}

static void test_no_room_for_another_reference(void **state)
{
    mfn_t mfn = mmu_mfn(0, 0);
    uint64_t nr = 0;

    (void)state;
    while (type_get(m, mfn) == 0)
        nr++;
    assert_int_equal(nr, STATE_REFERENCES_FULL);
    assert_int_equal(type_get(m, mfn), -PARAPET_ENOSPC);
    assert_int_equal(get_writable(mfn), -PARAPET_ENOSPC);
    assert_int_equal(pin(mfn), -PARAPET_ENOSPC);
    type_put(mfn);
    assert_int_equal(get_writable(mfn), 0);
    assert_int_equal(get_writable(mfn), -PARAPET_ENOSPC);
    type_put_writable(mfn);
    while (--nr > 0)
        type_put(mfn);
}

/* What the CPUs have of it is gone, if they had it from before. */
static void test_a_change_of_type_flushes(void **state)
{
    mfn_t mfn = mmu_mfn(0, 0);

    (void)state;
    assert_int_equal(get_writable(mfn), 0);
    mmu_cache(0, mfn, TYPE_WRITABLE);
    mmu_cache(1, mfn, TYPE_WRITABLE);
    type_put_writable(mfn);
    /* The same type again: nothing is wrong with what they have. */
    assert_int_equal(get_writable(mfn), 0);
    type_put_writable(mfn);
    assert_int_equal(mmu_nr_flushes(0), 0);
    assert_int_equal(pin(mfn), 0);
    assert_null(mmu_check_caches());
    assert_int_equal(mmu_nr_flushes(0), 1);
    assert_int_equal(mmu_nr_flushes(1), 1);

    mmu_cache(1, mfn, TYPE_L1);
    unpin(mfn);
    assert_int_equal(get_writable(mfn), 0);
    assert_null(mmu_check_caches());
    type_put_writable(mfn);
    /* That does not concern the CPU of the other domain. */
    assert_int_equal(mmu_nr_flushes(2), 0);
}

static void test_a_flush_that_was_done_is_not_done_again(void **state)
{
    mfn_t first = mmu_mfn(0, 0);
    mfn_t second = mmu_mfn(0, 1);

    (void)state;
    assert_int_equal(get_writable(first), 0);
    assert_int_equal(get_writable(second), 0);
    type_put_writable(first);
    type_put_writable(second);
    assert_int_equal(pin(first), 0);
    assert_int_equal(pin(second), 0);
    assert_int_equal(mmu_nr_flushes(0), 1);
    unpin(first);
    unpin(second);
}

/* A call that has waited for another CPU stops before it would wait again. */
static void test_a_call_waits_once(void **state)
{
    mfn_t first = mmu_mfn(0, 0);
    mfn_t second = mmu_mfn(0, 1);

    (void)state;
    assert_int_equal(get_writable(first), 0);
    type_put_writable(first);
    mmu_flush_waits = true;
    assert_int_equal(pin(first), -PARAPET_ERESTART);
    assert_int_equal(type_get_writable(m, second), -PARAPET_ERESTART);
    assert_int_equal(mmu_nr_flushes(1), 1);
    assert_int_equal(frame_state(frame_info(second)), m->owner);
    /* The next one goes on, and has no need to wait. */
    assert_int_equal(pin(first), 0);
    assert_int_equal(get_writable(second), 0);
    assert_int_equal(mmu_nr_flushes(1), 1);
    type_put_writable(second);
    unpin(first);
}

static void test_giving_back(void **state)
{
    mfn_t mfn = mmu_mfn(0, 3);
    size_t nr_free = frame_nr_free();

    (void)state;
    memset(frame_vaddr(mfn), 0xa5, PAGE_SIZE);
    assert_int_equal(type_get(m, mfn), 0);
    mmu_cache(1, mfn, TYPE_NONE);
    type_put(mfn);
    assert_int_equal(type_take_back(m, mfn), 0);
    assert_null(mmu_check_caches());
    assert_int_equal(m2p[mfn], PARAPET_NO_GFN);
    assert_int_equal(frame_state(frame_info(mfn)), 0);
    assert_int_equal(m->nr_frames, NR_FRAMES - 1);
    assert_int_equal(frame_nr_free(), nr_free + 1);
    assert_int_equal(type_take_back(m, mfn), -PARAPET_EPERM);

    assert_int_equal(frame_alloc_zeroed(), mfn);
    for (unsigned int i = 0; i < TABLE_ENTRIES; i++)
        assert_int_equal(table_entries(mfn)[i], 0);
    type_give(&mmu_domains[1], mfn, 20);
    assert_int_equal(mmu_mfn(1, 20), mfn);
    assert_int_equal(type_get(m, mfn), -PARAPET_EPERM);
}

static void test_what_is_in_use_is_not_given_back(void **state)
{
    mfn_t mfn = mmu_mfn(0, 0);

    (void)state;
    assert_int_equal(get_writable(mfn), 0);
    assert_int_equal(type_take_back(m, mfn), -PARAPET_EBUSY);
    type_put_writable(mfn);
    assert_int_equal(pin(mfn), 0);
    assert_int_equal(type_take_back(m, mfn), -PARAPET_EBUSY);
    /* Of a table, the entries go first. */
    assert_int_equal(table_unpin(m, mfn), 0);
    assert_int_equal(type_take_back(m, mfn), -PARAPET_ERESTART);
    (void)mmu_begin(0, WORK_CALL);
    assert_true(table_release(m));
    assert_int_equal(type_take_back(m, mfn), 0);
}

/* Pages that the hypervisor lends to read: writable for nobody, for good. */
static void test_a_hold_of_no_type(void **state)
{
    mfn_t mfn = mmu_mfn(0, 0);
    struct audit_hold hold = {mfn, TYPE_NONE};

    (void)state;
    type_hold(m, mfn, false);
    assert_int_equal(audit_memory(m, &hold, 1), 0);
    assert_int_equal(get_writable(mfn), -PARAPET_EBUSY);
    assert_int_equal(pin(mfn), -PARAPET_EBUSY);
    assert_int_equal(type_take_back(m, mfn), -PARAPET_EBUSY);
    assert_int_equal(type_get(m, mfn), 0);
    type_put(mfn);
    (void)mmu_begin(0, WORK_CALL);
    owner_free_held(m, mfn);
}

/* ---- what the audits see of owners ---- */

/* Each is done to a whole machine, and found; one way or both. */
static void frame_left_out(mfn_t mfn)
{
    frame_links[frame_links[mfn].previous].next = frame_links[mfn].next;
    frame_links[frame_links[mfn].next].previous = frame_links[mfn].previous;
    m->nr_frames--;
}

static void wrong_number(mfn_t mfn)
{
    (void)mfn;
    m->nr_frames++;
}

static void wrong_previous(mfn_t mfn)
{
    frame_links[mfn].previous = FRAME_INFO_NONE;
}

static void endless_list(mfn_t mfn)
{
    frame_links[mfn].next = m->frames;
}

static void frame_of_another(mfn_t mfn)
{
    frame_infos[mfn].state = mmu_domains[1].owner;
}

static void frame_of_nobody(mfn_t mfn)
{
    frame_infos[mfn].state = 0;
    m2p[mfn] = PARAPET_NO_GFN;
}

static void frame_of_a_stranger(mfn_t mfn)
{
    frame_infos[mfn].state = 77ul << STATE_OWNER_SHIFT;
}

/* As of one that waits for its grace: not wrong. */
static void frame_held_for_a_stranger(mfn_t mfn)
{
    (void)mfn;
    frame_infos[mmu_free_mfn()].state = (77ul << STATE_OWNER_SHIFT) | STATE_USE;
    frame_infos[mmu_free_mfn()].held = 1;
}

static void free_frame_with_a_state(mfn_t mfn)
{
    (void)mfn;
    frame_infos[mmu_free_mfn()].state = STATE_REFERENCE;
}

static void free_frame_with_a_gfn(mfn_t mfn)
{
    (void)mfn;
    m2p[mmu_free_mfn()] = 3;
}

static void test_what_the_audits_find(void **state)
{
    static const struct {
        void (*spoil)(mfn_t mfn);
        bool domain, machine;
    } cases[] = {
        {frame_left_out, false, true},
        {wrong_number, true, true},
        {wrong_previous, true, false},
        {endless_list, true, false},
        {frame_of_another, true, true},
        {frame_of_nobody, true, true},
        {frame_of_a_stranger, true, true},
        {frame_held_for_a_stranger, false, false},
        {free_frame_with_a_state, false, true},
        {free_frame_with_a_gfn, false, true},
    };

    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void)begin(state);
        assert_int_equal(end(state), 0);
        cases[i].spoil(mmu_mfn(0, 3));
        assert_int_equal(audit_memory(m, NULL, 0) != 0, cases[i].domain);
        assert_int_equal(mmu_audit_machine() != 0, cases[i].machine);
    }
    (void)begin(state);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_frames_of_others),
        TEST(test_one_type_at_a_time),
        TEST(test_new_frames),
        TEST(test_reading_needs_no_type),
        TEST(test_no_room_for_another_reference),
        TEST(test_a_change_of_type_flushes),
        TEST(test_a_flush_that_was_done_is_not_done_again),
        TEST(test_a_call_waits_once),
        TEST(test_giving_back),
        TEST(test_what_is_in_use_is_not_given_back),
        TEST(test_a_hold_of_no_type),
        TEST(test_what_the_audits_find),
    };

    return cmocka_run_group_tests_name("mm/type", tests, NULL, NULL);
}

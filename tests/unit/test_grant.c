/* SPDX-License-Identifier: MIT
 *
 * mm/grant.h, check by check: what an owner lends, to whom, for how long. The
 * first domain lends; who borrows is a number. What is random, and with page
 * tables, is in test_memory_model; tests/mutations takes the checks out.
 */
#include "tests/unit/unit.h"

#include "abi/errors.h"
#include "hypervisor/mm/grant.h"
#include "hypervisor/mm/grant_handle.h"
#include "hypervisor/mm/owner_release.h"
#include "tests/unit/mmu.h"

#define WHO 0x1002u /* the place of a domain, and more */
#define REF 3u
#define GFN 2u
#define GFN_GRANTS 7u

static struct memory_owner *lender;
static mfn_t frame;

static int begin(void **state)
{
    mfn_t table;

    (void)state;
    mmu_create(8, 4);
    lender = mmu_begin(0, WORK_CALL);
    table = mmu_mfn(0, GFN_GRANTS);
    type_hold(lender, table, true);
    grant_table_add(lender, table, frame_alloc_zeroed());
    frame = mmu_mfn(0, GFN);
    return 0;
}

static struct grant_entry *entry(void)
{
    return grant_entry(&lender->grants, REF);
}

static uint64_t word_of(uint64_t flags, uint64_t domain)
{
    return flags | domain << GRANT_DOMAIN_SHIFT;
}

static void lend(uint64_t flags, mfn_t mfn)
{
    entry()->frame = mfn;
    entry()->word = word_of(PARAPET_GRANT_LEND | flags, WHO);
}

/* As a call does: the short path first, by what the entry most likely says. */
static int take_once(uint32_t who, uint32_t ref, bool writable, mfn_t *mfn)
{
    uint64_t lent = word_of(PARAPET_GRANT_LEND, who);
    int error = 0;

    spin_lock(&lender->grants.lock);
    if (!grant_take_short(lender, ref, who, lent, writable, mfn))
        error = grant_take(lender, ref, who, writable, mfn);
    spin_unlock(&lender->grants.lock);
    return error;
}

/* It prepares once, if it must. */
static int take_as(uint32_t who, uint32_t ref, bool writable, mfn_t *mfn)
{
    uint32_t work = WORK_CALL;
    int error = take_once(who, ref, writable, mfn);

    if (error == GRANT_PREPARE)
        error = grant_prepare(lender, ref, who, &work);
    else
        return error;
    return error ? error : take_once(who, ref, writable, mfn);
}

static int take(bool writable)
{
    mfn_t mfn = 0;
    int error = take_as(WHO, REF, writable, &mfn);

    if (!error)
        assert_int_equal(mfn, frame);
    return error;
}

static void drop(bool writable)
{
    spin_lock(&lender->grants.lock);
    grant_drop(lender, REF, writable, frame);
    spin_unlock(&lender->grants.lock);
}

static uint64_t nr_references(mfn_t mfn)
{
    return frame_state(frame_info(mfn)) & STATE_REFERENCES;
}

static uint64_t marks(void)
{
    return entry()->word & (PARAPET_GRANT_READING | PARAPET_GRANT_WRITING);
}

/* Neither way, with nothing left of it. */
static void refused(int error)
{
    uint64_t word = entry()->word;
    uint64_t nr = nr_references(frame);

    assert_int_equal(take(false), error);
    assert_int_equal(take(true), error);
    assert_int_equal(entry()->word, word);
    assert_int_equal(nr_references(frame), nr);
}

/* ---- what an entry says ---- */

static void test_what_is_lent(void **state)
{
    (void)state;
    refused(-PARAPET_EPERM); /* zeros */
    lend(0, frame);
    entry()->word &= ~(uint64_t)PARAPET_GRANT_LEND;
    refused(-PARAPET_EPERM);
    for (unsigned int bit = 2; bit < 32; bit++) {
        if (1u << bit & (PARAPET_GRANT_READING | PARAPET_GRANT_WRITING))
            continue;
        lend(1u << bit, frame);
        refused(-PARAPET_EPERM);
    }
    lend(0, frame);
    assert_int_equal(take(false), 0);
    assert_int_equal(take(true), 0);
}

/* By the whole id: who has the same place later is somebody else. */
static void test_to_whom(void **state)
{
    mfn_t mfn;

    (void)state;
    lend(0, frame);
    assert_int_equal(take_as(WHO ^ 0x1000, REF, false, &mfn), -PARAPET_EPERM);
    assert_int_equal(take_as(WHO ^ 0x80000000u, REF, false, &mfn),
                     -PARAPET_EPERM);
    assert_int_equal(take_as(0, REF, true, &mfn), -PARAPET_EPERM);
    assert_int_equal(take_as(WHO, REF, true, &mfn), 0);
}

static void test_to_read_only(void **state)
{
    (void)state;
    lend(0, frame);
    assert_int_equal(take(true), 0); /* it is writable memory since */
    drop(true);
    lend(PARAPET_GRANT_READONLY, frame);
    assert_int_equal(take(true), -PARAPET_EPERM);
    assert_int_equal(marks(), 0);
    assert_int_equal(take(false), 0);
    assert_int_equal(take(true), -PARAPET_EPERM);
    assert_int_equal(marks(), PARAPET_GRANT_READING);
}

static void test_a_number_out_of_range(void **state)
{
    mfn_t mfn;

    (void)state;
    assert_int_equal(take_as(WHO, PARAPET_GRANTS_PER_FRAME, false, &mfn),
                     -PARAPET_EPERM);
    assert_int_equal(take_as(WHO, UINT32_MAX, true, &mfn), -PARAPET_EPERM);
}

/* ---- which frames ---- */

static void test_frames_of_others(void **state)
{
    (void)state;
    lend(0, mmu_mfn(1, 0));
    refused(-PARAPET_EPERM);
    lend(0, paging_root());
    refused(-PARAPET_EPERM);
    lend(0, mmu_free_mfn());
    refused(-PARAPET_EPERM);
    lend(0, MMU_FRAMES);
    refused(-PARAPET_EPERM);
    lend(0, 1ul << 32 | frame); /* no number of 32 bits */
    refused(-PARAPET_EPERM);
    lend(0, MFN_NONE);
    refused(-PARAPET_EPERM);
}

static void test_a_table_is_not_lent(void **state)
{
    (void)state;
    lend(0, frame);
    assert_int_equal(table_pin(lender, frame, TYPE_L1), 0);
    refused(-PARAPET_EBUSY);
    assert_int_equal(table_unpin(lender, frame), 0);
    assert_int_equal(take(true), -PARAPET_EAGAIN); /* it is being let go */
    assert_true(table_release(lender));
    assert_int_equal(take(true), 0);
}

/* Nor does what is lent to be written become one, or go back. */
static void test_what_is_lent_stays(void **state)
{
    (void)state;
    lend(0, frame);
    assert_int_equal(take(true), 0);
    assert_int_equal(table_pin(lender, frame, TYPE_L1), -PARAPET_EBUSY);
    assert_int_equal(type_take_back(lender, frame), -PARAPET_EBUSY);
    drop(true);
    assert_int_equal(take(false), 0);
    assert_int_equal(type_take_back(lender, frame), -PARAPET_EBUSY);
    drop(false);
    assert_int_equal(table_pin(lender, frame, TYPE_L1), 0);
}

/* ---- how an entry is in use ---- */

static void test_marks(void **state)
{
    (void)state;
    lend(0, frame);
    assert_int_equal(take(false), 0);
    assert_int_equal(marks(), PARAPET_GRANT_READING);
    assert_int_equal(take(true), 0);
    assert_int_equal(take(true), 0);
    assert_int_equal(marks(), PARAPET_GRANT_READING | PARAPET_GRANT_WRITING);
    assert_int_equal(nr_references(frame), 3);
    drop(true);
    assert_int_equal(marks(), PARAPET_GRANT_READING | PARAPET_GRANT_WRITING);
    drop(true);
    assert_int_equal(marks(), PARAPET_GRANT_READING);
    drop(false);
    assert_int_equal(marks(), 0);
    assert_int_equal(nr_references(frame), 0);
    assert_int_equal(take(true), 0);
    drop(true);
    assert_int_equal(marks(), 0);
}

/* A use that fails takes nothing away from the others. */
static void test_a_failure_beside_a_use(void **state)
{
    mfn_t mfn;

    (void)state;
    lend(0, frame);
    assert_int_equal(take(false), 0);
    entry()->word =
        word_of(PARAPET_GRANT_LEND | PARAPET_GRANT_READING, WHO + 1);
    assert_int_equal(take_as(WHO + 1, REF, true, &mfn), -PARAPET_EBUSY);
    assert_int_equal(marks(), PARAPET_GRANT_READING);
    assert_int_equal(take_as(WHO + 1, REF, false, &mfn), -PARAPET_EBUSY);
    assert_int_equal(marks(), PARAPET_GRANT_READING);
    /* Nor does it help that the lender takes the mark away. */
    entry()->word = word_of(PARAPET_GRANT_LEND, WHO + 1);
    assert_int_equal(take_as(WHO + 1, REF, false, &mfn), -PARAPET_EBUSY);
    drop(false);
    assert_int_equal(take_as(WHO + 1, REF, true, &mfn), 0);
}

/* Whatever the lender writes there meanwhile. */
static void test_the_frame_while_in_use(void **state)
{
    mfn_t other = mmu_mfn(0, GFN + 1);

    (void)state;
    lend(0, frame);
    assert_int_equal(take(false), 0);
    entry()->frame = other;
    assert_int_equal(take(false), 0);
    /* It is no writable memory before. */
    assert_int_equal(take(true), 0);
    assert_int_equal(nr_references(other), 0);
    entry()->frame = mmu_mfn(1, 0);
    assert_int_equal(take(true), 0);
    entry()->word = 0;
    drop(false);
    drop(false);
    drop(true);
    drop(true);
    assert_int_equal(nr_references(frame), 0);
    assert_int_equal(nr_references(mmu_mfn(1, 0)), 0);
    assert_int_equal(entry()->word, 0);
}

/* ---- the lender's end ---- */

static void test_an_end(void **state)
{
    uint32_t work = WORK_CALL;
    uint64_t word;

    (void)state;
    lend(0, frame);
    assert_int_equal(take(false), 0);
    grant_table_close(lender);
    assert_int_equal(grant_prepare(lender, REF, WHO, &work), -PARAPET_ENOENT);
    word = entry()->word;
    drop(false);
    assert_int_equal(nr_references(frame), 0);
    assert_int_equal(entry()->word, word);
}

/* ---- handles ---- */

static void test_handles(void **state)
{
    struct grant_mapping *first, *second;
    struct memory_owner *m = mmu_begin(1, WORK_CALL);
    volatile uint32_t largest = UINT32_MAX; /* gcc thinks of no frame else */

    (void)state;
    assert_null(grant_handle_find(m, 0, GRANT_FREE));
    assert_int_equal(grant_handle_next(m, &first), 0);
    assert_null(grant_handle_find(m, first->handle, GRANT_MAP));
    grant_handle_take(m, first);
    first->kind = GRANT_HOLD;
    assert_int_equal(grant_handle_next(m, &second), 0);
    assert_ptr_not_equal(first, second);
    assert_ptr_equal(grant_handle_find(m, first->handle, GRANT_HOLD), first);
    assert_null(grant_handle_find(m, first->handle, GRANT_MAP));
    assert_null(grant_handle_find(m, GRANT_MAPPINGS_PER_FRAME, GRANT_FREE));
    assert_null(grant_handle_find(m, largest, GRANT_HOLD));
    grant_handle_free(m, first);
    assert_null(grant_handle_find(m, first->handle, GRANT_HOLD));
    assert_int_equal(m->handles.nr_used, 0);
}

/* Their frames count as the owner's. */
static void test_frames_of_handles(void **state)
{
    struct memory_owner *m = mmu_begin(1, WORK_CALL);
    struct grant_mapping *mapping;
    unsigned int nr = 0;
    int error;

    (void)state;
    m->max_frames = m->nr_frames + 2;
    while ((error = grant_handle_next(m, &mapping)) == 0) {
        assert_int_equal(mapping->handle, nr++);
        grant_handle_take(m, mapping);
        mapping->kind = GRANT_HOLD;
        m->work = WORK_CALL;
    }
    assert_int_equal(error, -PARAPET_ENOSPC);
    assert_int_equal(nr, 2 * GRANT_MAPPINGS_PER_FRAME);
    assert_int_equal(m->nr_charged, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_lent),
        TEST(test_to_whom),
        TEST(test_to_read_only),
        TEST(test_a_number_out_of_range),
        TEST(test_frames_of_others),
        TEST(test_a_table_is_not_lent),
        TEST(test_what_is_lent_stays),
        TEST(test_marks),
        TEST(test_a_failure_beside_a_use),
        TEST(test_the_frame_while_in_use),
        TEST(test_an_end),
        TEST(test_handles),
        TEST(test_frames_of_handles),
    };

    return cmocka_run_group_tests_name("mm/grant", tests, NULL, NULL);
}

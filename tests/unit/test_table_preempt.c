/* SPDX-License-Identifier: MIT
 *
 * hypervisor/mm/table.c stopped at every point where it can stop: by a first
 * call with little work, which grows by less than the least that a step takes,
 * until there is one that needs no second.
 * What comes next is each of the things that a guest may do then.
 */
#include "tests/unit/unit.h"

#include "abi/errors.h"
#include "tests/unit/mmu.h"

#define NR_FRAMES 12u
#define P PARAPET_PTE_P
#define W PARAPET_PTE_W
#define U PARAPET_PTE_U

#define STEP WORK_GROUP
#define MUCH_WORK 65536u
#define NR_CALLS 100000u

static struct memory_owner *const m = &mmu_domains[0];
static mfn_t page, page2, l1, other_l1, l2, l3, l4;

/* A tree whose tables have entries at both ends, in a fresh machine. */
static void plant(void)
{
    mmu_create(NR_FRAMES, 1);
    page = mmu_mfn(0, 0);
    page2 = mmu_mfn(0, 1);
    l1 = mmu_mfn(0, 2);
    other_l1 = mmu_mfn(0, 3);
    l2 = mmu_mfn(0, 4);
    l3 = mmu_mfn(0, 5);
    l4 = mmu_mfn(0, 6);
    table_entries(l4)[0] = frame_paddr(l3) | P | W | U;
    table_entries(l4)[511] = frame_paddr(l3) | P | W;
    table_entries(l3)[0] = frame_paddr(l2) | P | W | U;
    table_entries(l2)[3] = frame_paddr(l1) | P | W | U;
    table_entries(l2)[511] = frame_paddr(other_l1) | P | W;
    table_entries(l1)[0] = frame_paddr(page) | P | W | U;
    table_entries(l1)[511] = frame_paddr(page2) | P | W;
    table_entries(other_l1)[9] = frame_paddr(l4) | P; /* to read it */
}

static void check(void)
{
    assert_int_equal(audit_memory(m, NULL, 0), 0);
    assert_null(mmu_check_caches());
}

static void release_all(void)
{
    (void)mmu_begin(0, MUCH_WORK);
    assert_true(table_release(m));
    check();
}

/* As a hypercall that is called until it is done. */
static int pin(mfn_t mfn, enum frame_type type, uint32_t work)
{
    for (unsigned int i = 0; i < NR_CALLS; i++) {
        int error = -PARAPET_ERESTART;

        (void)mmu_begin(0, work);
        if (table_release(m))
            error = table_pin(m, mfn, type);
        check();
        if (error != -PARAPET_ERESTART)
            return error;
    }
    fail_msg("a pin that never ends");
    return 0;
}

/* A first call with little work; false when it was enough. */
static bool stop_at(uint32_t work)
{
    int error;

    plant();
    error = table_pin(mmu_begin(0, work), l4, TYPE_L4);
    check();
    if (error == 0)
        return false;
    assert_int_equal(error, -PARAPET_ERESTART);
    assert_int_equal(m->failed_entry, 0);
    return true;
}

/* Everything is let go: each frame can be anything again, and is as it was. */
static void check_all_let_go(void)
{
    release_all();
    for (uint64_t gfn = 0; gfn < NR_FRAMES; gfn++) {
        mfn_t mfn = mmu_mfn(0, gfn);

        if (mfn == MFN_NONE)
            continue;
        assert_int_equal(
            frame_state(frame_info(mfn)) & (STATE_REFERENCES | STATE_COUNT), 0);
        assert_int_equal(frame_info(mfn)->nr_valid, 0);
    }
    assert_int_equal(table_entries(l1)[511], frame_paddr(page2) | P | W);
    assert_int_equal(table_entries(l4)[HV_FIRST_SLOT + 1], 0);
}

static void test_resume(void **state)
{
    uint64_t *found;

    (void)state;
    for (uint32_t work = 1; stop_at(work); work += STEP) {
        assert_int_equal(pin(l4, TYPE_L4, MUCH_WORK), 0);
        assert_true(table_walk(l4, 511ul << 39 | 511ul << 21, &found));
        assert_ptr_equal(found, table_entries(other_l1));
        assert_int_equal(table_write(m, l1, 511, 0, ~0ul), 0);
        assert_int_equal(table_unpin(m, l4), 0);
        release_all();
    }
}

static void test_resume_again_and_again(void **state)
{
    (void)state;
    for (uint32_t work = WORK_LEAST; work < WORK_LEAST + 40 * STEP;
         work += STEP) {
        plant();
        assert_int_equal(pin(l4, TYPE_L4, work), 0);
        assert_int_equal(table_unpin(m, l4), 0);
        release_all();
        check_all_let_go();
    }
}

/* What was checked is not to be changed meanwhile: it is let go first. */
static void test_write_meanwhile(void **state)
{
    const mfn_t *const tables[] = {&l4, &l3, &l2, &l1};

    (void)state;
    for (uint32_t work = 1; stop_at(work); work += STEP) {
        for (unsigned int i = 0; i < 4; i++) {
            struct frame_info *f = frame_info(*tables[i]);
            bool half = f->nr_valid != 0;
            bool in_use = (frame_state(f) & STATE_COUNT) != 0;
            int error;

            m->work = WORK_LEAST; /* another call */
            error = type_get_writable(m, *tables[i]);
            if (in_use) {
                assert_int_equal(error, -PARAPET_EBUSY);
                continue;
            }
            assert_int_equal(error, half ? -PARAPET_ERESTART : 0);
            if (half) {
                release_all();
                m->work = WORK_LEAST;
                assert_int_equal(type_get_writable(m, *tables[i]), 0);
            }
            table_entries(*tables[i])[0] = 0x80 | P;
            type_put_writable(*tables[i]);
            check();
        }
        assert_int_equal(pin(l4, TYPE_L4, MUCH_WORK), -PARAPET_EINVAL);
        release_all();
    }
}

static void test_another_type_meanwhile(void **state)
{
    (void)state;
    for (uint32_t work = 1; stop_at(work); work += STEP) {
        /* Its entries say that the table below is writable memory. */
        assert_int_equal(pin(l4, TYPE_L1, WORK_LEAST + work), 0);
        assert_int_equal(pin(l3, TYPE_L3, MUCH_WORK), -PARAPET_EBUSY);
        assert_int_equal(table_unpin(m, l4), 0);
        release_all();
        assert_int_equal(pin(l4, TYPE_USER_ROOT, MUCH_WORK), -PARAPET_EPERM);
        assert_int_equal(m->failed_entry, table_entry_paddr(l4, 511));
        release_all();
        assert_int_equal(pin(l4, TYPE_L4, MUCH_WORK), 0);
    }
}

static void test_give_back_meanwhile(void **state)
{
    (void)state;
    for (uint32_t work = 1; stop_at(work); work += STEP) {
        int error = type_take_back(m, l4);

        if (error == -PARAPET_ERESTART) {
            release_all();
            error = type_take_back(m, l4);
        }
        /* Another table may refer to it, to read. */
        if (error == -PARAPET_EBUSY) {
            assert_int_equal(pin(l3, TYPE_L3, MUCH_WORK), 0);
            assert_int_equal(table_unpin(m, l3), 0);
            release_all();
            error = type_take_back(m, l4);
        }
        assert_int_equal(error, 0);
        check();
    }
}

/* The last use of the whole tree goes, with little work at a time. */
static void test_release(void **state)
{
    (void)state;
    for (uint32_t work = WORK_RELEASE + WORK_LET_GO; work < 600 * STEP;
         work += STEP + work / 16) {
        unsigned int nr_calls = 0;

        plant();
        assert_int_equal(pin(l4, TYPE_L4, MUCH_WORK), 0);
        assert_int_equal(table_unpin(m, l4), 0);
        do {
            assert_true(nr_calls++ < NR_CALLS);
            (void)mmu_begin(0, work);
            if (nr_calls % 7 == 1)
                check();
        } while (!table_release(m));
        check_all_let_go();
    }
}

/* What is being let go can be used again when that is done, and not before. */
static void test_use_while_released(void **state)
{
    (void)state;
    for (uint32_t work = 0; work < 500 * STEP; work += 7 * STEP) {
        plant();
        assert_int_equal(pin(l4, TYPE_L4, MUCH_WORK), 0);
        assert_int_equal(table_unpin(m, l4), 0);
        (void)mmu_begin(0, work);
        if (table_release(m))
            break;
        (void)mmu_begin(0, MUCH_WORK);
        assert_int_equal(table_get_valid(m, l4, TYPE_L4), -PARAPET_ENOENT);
        if (frame_info(l4)->releasing) {
            assert_int_equal(table_pin(m, l4, TYPE_L4), -PARAPET_ERESTART);
            assert_int_equal(type_get_writable(m, l4), -PARAPET_ERESTART);
            assert_int_equal(type_take_back(m, l4), -PARAPET_ERESTART);
        }
        check();
        assert_int_equal(pin(l4, TYPE_L4, WORK_LEAST), 0);
    }
}

static void test_update_stops_too(void **state)
{
    mfn_t root = mmu_mfn(0, 7);
    int error = -PARAPET_ERESTART;

    (void)state;
    for (uint32_t work = 1; error == -PARAPET_ERESTART; work += STEP) {
        plant();
        root = mmu_mfn(0, 7);
        assert_int_equal(pin(root, TYPE_L4, MUCH_WORK), 0);
        error = table_write(mmu_begin(0, work), root, 300,
                            frame_paddr(l3) | P | W, ~0ul);
        check();
        if (error)
            assert_int_equal(table_entries(root)[300], 0);
        assert_int_equal(table_write(mmu_begin(0, MUCH_WORK), root, 300,
                                     frame_paddr(l3) | P | W, ~0ul),
                         0);
        check();
    }
    assert_int_equal(error, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_resume_again_and_again),
        cmocka_unit_test(test_write_meanwhile),
        cmocka_unit_test(test_another_type_meanwhile),
        cmocka_unit_test(test_give_back_meanwhile),
        cmocka_unit_test(test_release),
        cmocka_unit_test(test_use_while_released),
        cmocka_unit_test(test_update_stops_too),
    };

    return cmocka_run_group_tests_name("mm/table, stopped", tests, NULL, NULL);
}

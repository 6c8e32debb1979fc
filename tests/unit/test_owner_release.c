/* SPDX-License-Identifier: MIT
 *
 * hypervisor/mm/owner_release.c: whatever two hostile domains have done, the
 * end of one takes apart all of it. Random histories are those of
 * memory_steps.h, where many a call is left half done. MEMORY_SEED and
 * MEMORY_STEPS are as for test_memory_model.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/errors.h"
#include "hypervisor/mm/owner_release.h"
#include "tests/unit/memory_model.h"
#include "tests/unit/memory_steps.h"

#define NR_STEPS 60000ul
#define STEPS_OF_A_SEED 100ul
#define NR_HELD 3u
#define MAX_SHARES 400u

#define P PARAPET_PTE_P
#define W PARAPET_PTE_W
#define U PARAPET_PTE_U

static mfn_t held[MMU_DOMAINS][NR_HELD];

/* As of shared pages (the first is written to) and of counters. */
static void hold(unsigned int domain)
{
    for (unsigned int i = 0; i < NR_HELD; i++) {
        held[domain][i] = frame_alloc_zeroed();
        type_give(&mmu_domains[domain], held[domain][i], 20 + i);
        type_hold(&mmu_domains[domain], held[domain][i], i == 0);
    }
}

static uint64_t audit(unsigned int domain, bool ends)
{
    struct audit_hold holds[NR_HELD + MODEL_ROOTS];
    size_t nr = 0;

    for (; nr < NR_HELD; nr++) {
        holds[nr].mfn = held[domain][nr];
        holds[nr].type = nr == 0 ? TYPE_WRITABLE : TYPE_NONE;
    }
    for (unsigned int r = 0; r < MODEL_ROOTS && !ends; r++) {
        mfn_t mfn = model_root(domain, r);

        if (mfn == 0)
            continue;
        holds[nr].mfn = mfn;
        holds[nr++].type = state_type(frame_state(frame_info(mfn)));
    }
    return audit_memory(&mmu_domains[domain], holds, nr);
}

/* What of the frames is nobody's or goes back with a domain. */
static uint64_t nr_frames_in_all(void)
{
    uint64_t nr = frame_nr_free();

    for (unsigned int d = 0; d < MMU_DOMAINS; d++)
        nr += mmu_domains[d].nr_frames;
    return nr;
}

/* Its vCPUs are gone; and their CPUs are on another root, or will have to be
 * asked for flushes. */
static void leave(unsigned int domain, bool cpus_left)
{
    struct memory_owner *m = mmu_begin(domain, WORK_CALL);

    for (unsigned int r = 0; r < MODEL_ROOTS; r++) {
        if (model_root(domain, r) != 0)
            table_put(m, model_root(domain, r));
    }
    if (cpus_left) {
        (void)tlb_flush_later_than(tlb_clock_now(), m->tlb_cpus);
        m->tlb_cpus = 0;
    }
}

/* CPUs go on by what they have cached. */
static void speculate(unsigned int domain)
{
    for (unsigned int cpu = 0; cpu < MMU_CPUS; cpu++) {
        if (mmu_cpu_domain(cpu) == domain)
            mmu_speculate(cpu, 0);
    }
}

static void check_held(unsigned int domain)
{
    struct memory_owner *m = &mmu_domains[domain];

    assert_int_equal(m->nr_frames, NR_HELD);
    for (unsigned int i = 0; i < NR_HELD; i++)
        assert_int_equal(frame_state(frame_info(held[domain][i])) &
                             (STATE_OWNER | STATE_REFERENCES | STATE_COUNT),
                         m->owner | STATE_USE);
}

/* Each share has so much work. */
static void release(unsigned int domain, uint32_t work)
{
    unsigned int nr_shares = 1;

    while (!owner_release_share(mmu_begin(domain, work))) {
        assert_true(nr_shares++ < MAX_SHARES);
        speculate(domain);
        assert_null(mmu_check_caches());
        assert_int_equal(audit(domain, true), 0);
    }
    assert_int_equal(audit(domain, true), 0);
    check_held(domain);
    /* And so it stays. */
    assert_true(owner_release_share(mmu_begin(domain, work)));
    check_held(domain);
}

static void free_held(unsigned int domain)
{
    struct memory_owner *m = &mmu_domains[domain];

    for (unsigned int i = 0; i < NR_HELD; i++)
        owner_free_held(m, held[domain][i]);
    assert_int_equal(m->nr_frames, 0);
    assert_int_equal(m->frames, FRAME_INFO_NONE);
    assert_int_equal(audit_memory(m, NULL, 0), 0);
    assert_int_equal(mmu_audit_machine(), 0);
    assert_null(mmu_check_caches());
}

/* Whoever gets a frame next finds nothing in it. */
static void check_scrubbed(void)
{
    static const uint8_t zeros[PAGE_SIZE];

    for (size_t nr = frame_nr_free(); nr > 0; nr--) {
        mfn_t mfn = frame_alloc_zeroed();

        assert_memory_equal(frame_vaddr(mfn), zeros, PAGE_SIZE);
    }
    assert_int_equal(frame_alloc_zeroed(), MFN_NONE);
}

/* ---- after random histories ---- */

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text ? strtoul(text, NULL, 0) : otherwise;
}

/* How many of the states were met that a release has to do with. */
static struct met {
    uint64_t half_checked, releasing, pinned, roots, user_roots;
} met;

static void look(unsigned int domain)
{
    for (mfn_t mfn = 0; mfn < MMU_FRAMES; mfn++) {
        const struct frame_info *f = frame_info(mfn);
        uint64_t state = frame_state(f);

        if ((state & STATE_OWNER) != mmu_domains[domain].owner)
            continue;
        met.half_checked +=
            f->nr_valid != 0 && !f->releasing && !(state & STATE_COUNT);
        met.releasing += f->releasing != 0;
        met.pinned += (state & STATE_PINNED) != 0;
        met.user_roots += state_type(state) == TYPE_USER_ROOT;
    }
    for (unsigned int r = 0; r < MODEL_ROOTS; r++)
        met.roots += model_root(domain, r) != 0;
}

static void run_history(uint64_t *random_state)
{
    struct step_counts counts = {0};
    uint64_t nr = unit_random(random_state) % (2 * STEPS_OF_A_SEED);

    steps_begin(false);
    for (uint64_t i = 0; i < nr; i++) {
        union {
            uint64_t number;
            uint8_t bytes[STEP_SIZE];
        } step = {unit_random(random_state)};
        const char *wrong = steps_step(step.bytes, &counts);

        if (wrong)
            fail_msg("%s: %s", steps_last(), wrong);
    }
}

static void run_seed(uint64_t seed)
{
    uint64_t random_state = seed * 0x9e3779b97f4a7c15 + 1;
    unsigned int first, nr_frames;
    uint64_t choice;

    run_history(&random_state);
    choice = unit_random(&random_state);
    first = choice & 1;
    for (unsigned int d = 0; d < MMU_DOMAINS; d++)
        hold(d);
    nr_frames = (unsigned int)nr_frames_in_all();
    for (unsigned int i = 0; i < MMU_DOMAINS; i++) {
        unsigned int d = i == 0 ? first : !first;

        look(d);
        leave(d, choice >> 1 & 1);
        release(d, choice >> 2 & 1
                       ? WORK_CALL
                       : WORK_LEAST + (uint32_t)(choice >> 8) % WORK_LEAST);
        free_held(d);
        /* The other one does not notice. */
        if (i == 0)
            assert_int_equal(audit(!first, false), 0);
    }
    assert_int_equal(frame_nr_free(), nr_frames);
    check_scrubbed();
}

static void test_random_histories(void **state)
{
    uint64_t seed = number_from("MEMORY_SEED", 1);
    uint64_t nr = number_from("MEMORY_STEPS", NR_STEPS) / STEPS_OF_A_SEED;

    (void)state;
    for (uint64_t i = 0; i < nr; i++) {
        run_seed(seed + i);
    }
    print_message("seeds %lu to %lu: %lu tables half checked, %lu half let go, "
                  "%lu pins, %lu roots in use, %lu user roots\n",
                  seed, seed + nr - 1, met.half_checked, met.releasing,
                  met.pinned, met.roots, met.user_roots);
    assert_true(met.half_checked > nr / 20 && met.releasing > nr / 50 &&
                met.pinned > nr / 2 && met.roots > nr / 20 &&
                met.user_roots > nr / 20);
}

/* ---- certain cases ---- */

static int begin(void **state)
{
    (void)state;
    mmu_create(12, 2);
    model_create();
    hold(0);
    hold(1);
    return 0;
}

static void set(unsigned int table, unsigned int index, mfn_t mfn,
                uint64_t flags)
{
    table_entries(mmu_mfn(0, table))[index] = frame_paddr(mfn) | flags;
}

static int pin(unsigned int gfn, enum frame_type type)
{
    return table_pin(mmu_begin(0, WORK_CALL), mmu_mfn(0, gfn), type);
}

/* gfn 0 to 3 are a root and the tables below it, each of which is mapped to
 * read, and each of which is pinned; the pages are mapped, the held ones too.
 */
static void make_tree(void)
{
    set(0, 0, mmu_mfn(0, 1), P | W | U);
    set(1, 0, mmu_mfn(0, 2), P | W | U);
    set(2, 511, mmu_mfn(0, 3), P | W | U);
    for (unsigned int i = 0; i < 4; i++)
        set(3, i, mmu_mfn(0, i), P);
    for (unsigned int i = 4; i < 12; i++)
        set(3, 500 + i, mmu_mfn(0, i), P | W);
    set(3, 100, held[0][0], P | W);
    set(3, 101, held[0][1], P);
    assert_int_equal(pin(0, TYPE_L4), 0);
    assert_int_equal(pin(1, TYPE_L3), 0);
    assert_int_equal(pin(2, TYPE_L2), 0);
    assert_int_equal(pin(3, TYPE_L1), 0);
    for (unsigned int cpu = 0; cpu < 2; cpu++)
        mmu_speculate(cpu, mmu_mfn(0, 0));
}

static void test_tables_that_map_each_other(void **state)
{
    size_t nr = frame_nr_free() + 12 + NR_HELD;

    (void)state;
    make_tree();
    leave(0, false);
    release(0, WORK_CALL);
    free_held(0);
    assert_int_equal(frame_nr_free(), nr);
    check_scrubbed();
}

/* Each share gets ahead with the least of work, whatever was before. */
static void test_small_shares(void **state)
{
    (void)state;
    make_tree();
    leave(0, true);
    release(0, WORK_LEAST);
    free_held(0);
}

/* No CPU is asked when none may have a translation. */
static void test_no_flush_for_nobody(void **state)
{
    unsigned int before;

    (void)state;
    make_tree();
    leave(0, true);
    before = mmu_nr_flushes(0) + mmu_nr_flushes(1) + mmu_nr_flushes(2);
    release(0, WORK_CALL);
    free_held(0);
    assert_int_equal(mmu_nr_flushes(0) + mmu_nr_flushes(1) + mmu_nr_flushes(2),
                     before);
}

/* ---- what others refer to ---- */

/* It is nobody's, and yet nobody gets it. */
static void check_left(mfn_t mfn, uint64_t references)
{
    const struct memory_owner *m = &mmu_domains[0];

    assert_int_equal(frame_state(frame_info(mfn)),
                     m->owner | TYPE_STATE(TYPE_LEFT) | references);
    assert_int_equal(m2p[mfn], PARAPET_NO_GFN);
    assert_int_equal(type_get_foreign(m, mfn, false), -PARAPET_EPERM);
    assert_int_equal(type_get_foreign(m, mfn, true), -PARAPET_EPERM);
    assert_int_equal(mmu_audit_machine(), 0);
}

/* The end does not wait; each goes back with its last reference. */
static void test_frames_left_behind(void **state)
{
    struct memory_owner *m = mmu_begin(0, WORK_CALL);
    mfn_t written = mmu_mfn(0, 5), read = mmu_mfn(0, 6);
    size_t nr = frame_nr_free() + 12 + NR_HELD;

    (void)state;
    make_tree();
    assert_int_equal(type_get_foreign(m, written, true), 0);
    assert_int_equal(type_get_foreign(m, written, true), 0);
    assert_int_equal(type_get_foreign(m, written, false), 0);
    assert_int_equal(type_get_foreign(m, read, false), 0);
    leave(0, false);
    release(0, WORK_CALL);
    assert_int_equal(owner_nr_left(MMU_FIRST_ID), 2);
    free_held(0);
    check_left(written, 2 * STATE_USE + STATE_REFERENCE);
    check_left(read, STATE_REFERENCE);
    assert_int_equal(frame_nr_free(), nr - 2);

    type_put_foreign(read, false);
    assert_int_equal(owner_nr_left(MMU_FIRST_ID), 1);
    type_put_foreign(written, true);
    type_put_foreign(written, false);
    check_left(written, STATE_USE);
    assert_int_equal(frame_nr_free(), nr - 1);
    type_put_foreign(written, true);
    assert_int_equal(owner_nr_left(MMU_FIRST_ID), 0);
    assert_int_equal(frame_state(frame_info(written)), 0);
    assert_int_equal(frame_nr_free(), nr);
    assert_int_equal(mmu_audit_machine(), 0);
    check_scrubbed();
}

/* The same with references that the audit of the domain does not know. */
static void release_all(uint32_t work)
{
    unsigned int nr_shares = 1;

    while (!owner_release_share(mmu_begin(0, work)))
        assert_true(nr_shares++ < MAX_SHARES);
    assert_null(mmu_check_caches());
    assert_int_equal(mmu_domains[0].nr_frames, NR_HELD);
}

/* One that others read has become a table since: its entries go first. */
static void test_a_table_left_behind(void **state)
{
    struct memory_owner *m = mmu_begin(0, WORK_CALL);
    mfn_t table = mmu_mfn(0, 3);

    (void)state;
    assert_int_equal(type_get_foreign(m, table, false), 0);
    make_tree();
    leave(0, true);
    release_all(WORK_LEAST);
    free_held(0);
    check_left(table, STATE_REFERENCE);
    type_put_foreign(table, false);
    assert_int_equal(owner_nr_left(MMU_FIRST_ID), 0);
}

/* What the hypervisor writes to is left when it is done with it. */
static void test_a_held_frame_left_behind(void **state)
{
    struct memory_owner *m = mmu_begin(0, WORK_CALL);
    mfn_t shared = held[0][0], counters = held[0][1];

    (void)state;
    make_tree();
    assert_int_equal(type_get_foreign(m, shared, true), 0);
    assert_int_equal(type_get_foreign(m, counters, true), -PARAPET_EBUSY);
    assert_int_equal(type_get_foreign(m, counters, false), 0);
    leave(0, true);
    release_all(WORK_CALL);
    assert_int_equal(m->nr_frames, NR_HELD);
    assert_int_equal(owner_nr_left(MMU_FIRST_ID), 0);
    assert_int_equal(mmu_audit_machine(), 0);
    free_held(0);
    assert_int_equal(owner_nr_left(MMU_FIRST_ID), 2);
    check_left(shared, STATE_USE);
    check_left(counters, STATE_REFERENCE);
    type_put_foreign(counters, false);
    type_put_foreign(shared, true);
    assert_int_equal(owner_nr_left(MMU_FIRST_ID), 0);
    check_scrubbed();
}

/* What was let go before the end is not left. */
static void test_nothing_left_behind(void **state)
{
    struct memory_owner *m = mmu_begin(0, WORK_CALL);
    mfn_t mfn = mmu_mfn(0, 5);

    (void)state;
    make_tree();
    assert_int_equal(type_get_foreign(m, mfn, true), 0);
    leave(0, true);
    type_put_foreign(mfn, true);
    release(0, WORK_CALL);
    free_held(0);
    assert_int_equal(owner_nr_left(MMU_FIRST_ID), 0);
    assert_int_equal(frame_state(frame_info(mfn)), 0);
}

/* ---- more cases ---- */

/* While it is being built it may have none yet, or nothing else. */
static void test_an_empty_domain(void **state)
{
    struct memory_owner *m = &mmu_domains[0];

    (void)state;
    type_owner_init(m, 7);
    assert_true(owner_release_share(mmu_begin(0, WORK_CALL)));
    assert_int_equal(m->nr_frames, 0);
    /* The frames of its former id are lost to the audit; begin anew. */
    mmu_create(1, 1);
    hold(0);
    release(0, WORK_CALL);
    free_held(0);
}

/* It goes while the machine's audit looks for it, which has counted before. */
static struct memory_owner *find_while_it_goes(unsigned int id)
{
    if (id == MMU_SECOND_ID)
        return &mmu_domains[1];
    if (id == MMU_FIRST_ID && mmu_domains[0].nr_frames != NR_HELD)
        release(0, WORK_CALL);
    return NULL;
}

static void test_the_audit_of_the_machine_meanwhile(void **state)
{
    (void)state;
    make_tree();
    leave(0, true);
    assert_int_equal(audit_machine(find_while_it_goes), 0);
    assert_int_equal(mmu_domains[0].nr_frames, NR_HELD);
    free_held(0);
}

/* What an owner that is gone has left is seen all the same. */
static struct memory_owner *find_second(unsigned int id)
{
    return id == MMU_SECOND_ID ? &mmu_domains[1] : NULL;
}

static void test_the_audit_sees_what_is_left(void **state)
{
    (void)state;
    assert_int_equal(audit_machine(find_second), 1);
    leave(0, true);
    release(0, WORK_CALL);
    assert_int_equal(audit_machine(find_second), 0);
    free_held(0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        TEST(test_tables_that_map_each_other),
        TEST(test_small_shares),
        TEST(test_no_flush_for_nobody),
        TEST(test_frames_left_behind),
        TEST(test_a_table_left_behind),
        TEST(test_a_held_frame_left_behind),
        TEST(test_nothing_left_behind),
        TEST(test_an_empty_domain),
        TEST(test_the_audit_of_the_machine_meanwhile),
        TEST(test_the_audit_sees_what_is_left),
        cmocka_unit_test(test_random_histories),
    };

    return cmocka_run_group_tests_name("mm/owner_release", tests, NULL, NULL);
}

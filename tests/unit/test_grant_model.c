/* SPDX-License-Identifier: MIT
 *
 * Random calls for grants, among all others, against the model:
 * test_memory_model with the steps of grant_steps.h. MEMORY_STEPS and
 * MEMORY_SEED are as there.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "abi/errors.h"
#include "abi/grant.h"
#include "hypervisor/mm/work.h"
#include "tests/unit/direct_map.h"
#include "tests/unit/grant_core.h"
#include "tests/unit/grant_model.h"
#include "tests/unit/memory_check.h"
#include "tests/unit/memory_steps.h"

#define NR_STEPS 30000ul
#define STEPS_OF_A_SEED 500ul

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text ? strtoul(text, NULL, 0) : otherwise;
}

static void run_seed(uint64_t seed, struct step_counts *counts)
{
    uint64_t random_state = seed * 0x9e3779b97f4a7c15 + 1;
    const char *wrong;

    steps_begin(true);
    for (unsigned int i = 0; i < STEPS_OF_A_SEED; i++) {
        union {
            uint64_t number;
            uint8_t bytes[STEP_SIZE];
        } step = {unit_random(&random_state)};

        wrong = steps_step(step.bytes, counts);
        if (wrong)
            fail_msg("MEMORY_SEED=%lu, step %u, %s: %s", seed, i, steps_last(),
                     wrong);
    }
    wrong = steps_end(WORK_LEAST + (uint32_t)unit_random(&random_state) % 1000);
    if (wrong)
        fail_msg("MEMORY_SEED=%lu, at the end: %s", seed, wrong);
}

static void test_random_grants(void **state)
{
    uint64_t seed = number_from("MEMORY_SEED", 1);
    uint64_t nr = number_from("MEMORY_STEPS", NR_STEPS) / STEPS_OF_A_SEED;
    struct step_counts counts = {0};

    (void)state;
    for (uint64_t i = 0; i < nr; i++)
        run_seed(seed + i, &counts);
    print_message(
        "seeds %lu to %lu: %lu calls succeeded, %lu failed, %lu times "
        "compared; %lu taken, %lu mapped, %lu held, %lu runs of them, "
        "%lu let go, %lu copied, %lu writes to mappings refused, %lu ends\n",
        seed, seed + nr - 1, counts.successes, counts.failures, counts.compared,
        counts.taken, counts.mapped, counts.held, counts.runs, counts.dropped,
        counts.copied, counts.foreign_writes, counts.ends);
    /* Of one seed alone there may be few. */
    assert_true(counts.taken > nr && counts.mapped > nr / 2 &&
                counts.held > nr / 2 && counts.copied > nr / 2 &&
                counts.runs > nr / 4 && counts.dropped > nr / 2 &&
                counts.foreign_writes > nr / 2 && counts.ends > nr / 2);
}

/* ---- the calls of one element, beside other CPUs ---- */

#define LENDER 0u
#define USER 1u
#define NR_MAPPINGS 6u

static const uint64_t lent_word = PARAPET_GRANT_LEND | (uint64_t)MMU_SECOND_ID
                                                           << 32;
static unsigned int nr_waits;

static uint64_t *entry_of(unsigned int lender)
{
    return table_entries(model_table(lender, 0));
}

/* Entries 0 and 1 of both lend a page of writable memory to the second one. */
static uint64_t begin_pair(void)
{
    mfn_t table;

    steps_begin(true);
    table = mmu_mfn(USER, 0);
    nr_waits = 0;
    for (unsigned int d = 0; d < MMU_DOMAINS; d++) {
        mfn_t mfn = mmu_mfn(d, 2);

        assert_int_equal(type_get_writable(mmu_begin(d, WORK_CALL), mfn), 0);
        type_put_writable(mfn);
        entry_of(d)[0] = entry_of(d)[2] = lent_word;
        entry_of(d)[1] = entry_of(d)[3] = mfn;
    }
    assert_int_equal(table_pin(mmu_begin(USER, WORK_CALL), table, TYPE_L1), 0);
    return frame_paddr(table);
}

/* Another CPU has the lender's lock, and gives it up when it is waited for;
 * the second one has ended the lender. */
static void lock_lender(void (*at_wait)(const struct spinlock *lock))
{
    mmu_domains[LENDER].grants.lock.next++;
    direct_map_at_wait = at_wait;
}

static void give_up(const struct spinlock *lock)
{
    nr_waits++;
    ((struct spinlock *)(uintptr_t)lock)->serving++;
}

static void end_and_give_up(const struct spinlock *lock)
{
    uintptr_t m = (uintptr_t)lock - offsetof(struct memory_owner, grants.lock);

    ((struct memory_owner *)m)->grants.closed = true;
    give_up(lock);
}

static struct parapet_grant_map map_once(unsigned int lender, uint32_t ref,
                                         uint64_t pte)
{
    _Alignas(8) struct parapet_grant_map element = {.domain = model_id(lender),
                                                    .ref = ref,
                                                    .pte = pte,
                                                    .bits = PARAPET_PTE_W |
                                                            PARAPET_PTE_U,
                                                    .status = 1};

    assert_int_equal(core_map(USER, &element, 1), 0);
    return element;
}

static int unmap_once(uint32_t handle)
{
    _Alignas(8) struct parapet_grant_unmap element = {.handle = handle,
                                                      .status = 1};

    assert_int_equal(core_unmap(USER, &element, 1), 0);
    return element.status;
}

static void expect_free(void)
{
    const struct spinlock *lock = &mmu_domains[LENDER].grants.lock;

    direct_map_at_wait = NULL;
    assert_int_equal(lock->next, lock->serving);
    assert_null(memory_check());
}

static void test_a_lock_of_the_lender(void **state)
{
    uint64_t pte = begin_pair();
    struct parapet_grant_map element;

    (void)state;
    /* From now on there are handles, and the short way can be gone. */
    assert_int_equal(unmap_once(map_once(LENDER, 0, pte).handle), 0);
    lock_lender(give_up);
    element = map_once(LENDER, 0, pte);
    assert_int_equal(element.status, 0);
    assert_int_equal(nr_waits, 1);
    assert_int_equal(entry_of(LENDER)[0],
                     lent_word | PARAPET_GRANT_READING | PARAPET_GRANT_WRITING);
    lock_lender(give_up);
    assert_int_equal(unmap_once(element.handle), 0);
    assert_int_equal(nr_waits, 2);
    assert_int_equal(entry_of(LENDER)[0], lent_word);
    expect_free();
}

/* Before the call, or while it waits: nothing is taken; what is had of it can
 * be let go, and its table stays as it is. */
static void test_a_lender_that_ends(void **state)
{
    uint64_t pte = begin_pair(), before;
    struct parapet_grant_map element = map_once(LENDER, 0, pte);

    (void)state;
    assert_int_equal(element.status, 0);
    before = entry_of(LENDER)[0];
    lock_lender(end_and_give_up);
    assert_int_equal(map_once(LENDER, 1, pte + 8).status, -PARAPET_ENOENT);
    assert_int_equal(nr_waits, 1);
    assert_int_equal(map_once(LENDER, 1, pte + 8).status, -PARAPET_ENOENT);
    assert_int_equal(unmap_once(element.handle), 0);
    assert_int_equal(nr_waits, 1);
    assert_int_equal(entry_of(LENDER)[0], before);
    assert_int_equal(table_entries(mmu_mfn(USER, 0))[0], 0);
    assert_int_equal(table_entries(mmu_mfn(USER, 0))[1], 0);
    expect_free();
}

static bool give_up_turn(struct turn_lock *lock)
{
    (void)lock;
    nr_waits++;
    core_waited();
    return false;
}

/*
 * Another CPU has the lender's memory lock for long, and each element has a
 * frame that is to become writable memory, for which that is needed: a call
 * waits once.
 */
static void test_a_lenders_memory_lock(void **state)
{
    _Alignas(8) struct parapet_grant_hold some[2];
    _Alignas(8) struct parapet_grant_unmap handles[2];

    (void)state;
    (void)begin_pair();
    for (unsigned int i = 0; i < 2; i++) {
        entry_of(LENDER)[2 * i + 1] = mmu_mfn(LENDER, 3 + i);
        some[i] = (struct parapet_grant_hold){
            .domain = model_id(LENDER), .ref = i, .status = 1};
    }
    mmu_at_lock = give_up_turn;
    mmu_domains[LENDER].lock.held = 1;
    assert_int_equal(core_hold(USER, some, 2), -PARAPET_ERESTART);
    assert_int_equal(core_nr_done(), 1);
    assert_int_equal(nr_waits, 1);
    assert_int_equal(some[0].status, -PARAPET_EAGAIN);
    assert_int_equal(some[1].status, 1);
    assert_int_equal(core_hold(USER, some + 1, 1), 0);
    assert_int_equal(some[1].status, -PARAPET_EAGAIN);
    assert_int_equal(nr_waits, 2);
    mmu_domains[LENDER].lock.held = 0;
    assert_int_equal(core_hold(USER, some, 2), 0);
    assert_int_equal(some[0].status | some[1].status, 0);
    assert_int_equal(nr_waits, 2);
    mmu_at_lock = NULL;
    for (unsigned int i = 0; i < 2; i++)
        handles[i] = (struct parapet_grant_unmap){some[i].handle, 1};
    assert_int_equal(core_release(USER, handles, 2), 0);
    expect_free();
}

/* While the call waits for the lender's, another CPU takes its own domain's for
 * long. */
static bool lose_own_turn(struct turn_lock *lock)
{
    core_waited();
    nr_waits++;
    if (lock == core_memory_lock(USER))
        return false;
    core_memory_lock(USER)->held = 1;
    return true;
}

/* It ends without its own memory lock, and lets that of the other CPU be. */
static void test_its_own_memory_lock(void **state)
{
    _Alignas(8) struct parapet_grant_map element = {
        .bits = PARAPET_PTE_W | PARAPET_PTE_U, .status = 1};

    (void)state;
    element.pte = begin_pair();
    element.domain = model_id(LENDER);
    entry_of(LENDER)[1] = mmu_mfn(LENDER, 3);
    mmu_at_lock = lose_own_turn;
    mmu_domains[LENDER].lock.held = 1;
    assert_int_equal(core_map(USER, &element, 1), -PARAPET_ERESTART);
    mmu_at_lock = NULL;
    assert_int_equal(core_nr_done(), 0);
    assert_int_equal(nr_waits, 2);
    assert_int_not_equal(element.status, 0);
    assert_int_equal(entry_of(LENDER)[0], lent_word);
    assert_int_equal(mmu_domains[LENDER].lock.held, 0);
    assert_int_equal(mmu_domains[USER].lock.held, 1);
    mmu_domains[USER].lock.held = 0;
    element = map_once(LENDER, 0, element.pte);
    assert_int_equal(element.status, 0);
    assert_int_equal(unmap_once(element.handle), 0);
    expect_free();
}

/* What a call has not done has no status of 0. */
static void test_a_stop(void **state)
{
    _Alignas(8) struct parapet_grant_unmap some[NR_MAPPINGS];
    uint64_t pte = begin_pair();

    (void)state;
    for (unsigned int i = 0; i < NR_MAPPINGS; i++)
        some[i] = (struct parapet_grant_unmap){
            .handle = map_once(i % MMU_DOMAINS, 0, pte + 8 * i).handle,
            .status = 1};
    assert_int_equal(core_unmap(USER, some, NR_MAPPINGS), -PARAPET_ERESTART);
    assert_true(core_nr_done() > 0 && core_nr_done() < NR_MAPPINGS);
    for (unsigned int i = 0; i < NR_MAPPINGS; i++) {
        if (i < core_nr_done())
            assert_int_equal(some[i].status, 0);
        else
            assert_int_not_equal(some[i].status, 0);
    }
    for (unsigned int i = core_nr_done(); i < NR_MAPPINGS; i++)
        some[i].status = unmap_once(some[i].handle);
    assert_int_equal(some[NR_MAPPINGS - 1].status, 0);
    expect_free();
}

static void wait_and_give_up(const struct spinlock *lock)
{
    core_waited();
    give_up(lock);
}

static struct parapet_grant_unmap hold_once(unsigned int lender)
{
    _Alignas(8) struct parapet_grant_hold element = {.domain = model_id(lender),
                                                     .status = 1};

    assert_int_equal(core_hold(USER, &element, 1), 0);
    assert_int_equal(element.status, 0);
    return (struct parapet_grant_unmap){element.handle, 1};
}

/* The same of a release that has waited for the first lender, and comes to the
 * second one. */
static void test_a_release_that_stops(void **state)
{
    _Alignas(8) struct parapet_grant_unmap some[MMU_DOMAINS];

    (void)state;
    (void)begin_pair();
    some[0] = hold_once(LENDER);
    some[1] = hold_once(USER);
    lock_lender(wait_and_give_up);
    assert_int_equal(core_release(USER, some, MMU_DOMAINS), -PARAPET_ERESTART);
    assert_int_equal(core_nr_done(), 1);
    assert_int_equal(nr_waits, 1);
    assert_int_equal(some[0].status, 0);
    assert_int_not_equal(some[1].status, 0);
    assert_int_equal(core_release(USER, some + 1, 1), 0);
    assert_int_equal(some[1].status, 0);
    expect_free();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_grants),
        cmocka_unit_test(test_a_lock_of_the_lender),
        cmocka_unit_test(test_a_lender_that_ends),
        cmocka_unit_test(test_a_lenders_memory_lock),
        cmocka_unit_test(test_its_own_memory_lock),
        cmocka_unit_test(test_a_stop),
        cmocka_unit_test(test_a_release_that_stops),
    };

    return cmocka_run_group_tests_name("grants, against a model", tests, NULL,
                                       NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * hypervisor/mm with several CPUs at the same time, each a thread: they call
 * what needs a domain's lock for two domains, and take and drop references of
 * the same frames without it. Built with the thread sanitizer. What is left
 * in the end must be right to the last reference.
 */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdlib.h>

#include "abi/errors.h"
#include "lib/macros.h"
#include "tests/unit/race.h"

#define NR_THREADS 4u
#define NR_FIRST 10u
#define NR_SECOND 6u
#define NR_STEPS 50000ul

/* ---- what a CPU does ---- */

static mfn_t mfns[MMU_DOMAINS][NR_FIRST]; /* of each domain; atomic */

struct thread {
    pthread_t thread;
    unsigned int number;
    uint64_t random_state;
    uint64_t nr_steps;
    uint64_t nr_successes;
};

static uint64_t below(struct thread *t, uint64_t limit)
{
    return unit_random(&t->random_state) % limit;
}

static mfn_t *any_slot(struct thread *t, unsigned int domain)
{
    return &mfns[domain][below(t, domain == 0 ? NR_FIRST : NR_SECOND)];
}

static mfn_t any_frame(struct thread *t, unsigned int domain)
{
    return __atomic_load_n(any_slot(t, domain), __ATOMIC_RELAXED);
}

static int write_any(struct thread *t, struct memory_owner *m,
                     unsigned int domain)
{
    static const uint64_t flags[] = {
        0, PARAPET_PTE_P, PARAPET_PTE_P | PARAPET_PTE_W,
        PARAPET_PTE_P | PARAPET_PTE_W | PARAPET_PTE_U};
    uint64_t value = flags[below(t, ARRAY_SIZE(flags))];

    if (value)
        value |= frame_paddr(any_frame(t, below(t, 20) ? domain : !domain));
    return table_write(m, any_frame(t, domain), (unsigned int)below(t, 4),
                       value, below(t, 2) ? ~0ul : ~(uint64_t)PARAPET_PTE_A);
}

/* Gives a frame back and takes one, which may have been the other domain's. */
static int exchange_any(struct thread *t, struct memory_owner *m,
                        unsigned int domain)
{
    mfn_t *slot = any_slot(t, domain);
    int error = type_take_back(m, __atomic_load_n(slot, __ATOMIC_RELAXED));

    if (error == 0) {
        mfn_t mfn = frame_alloc_zeroed();

        type_give(m, mfn, (uint64_t)(slot - mfns[domain]));
        __atomic_store_n(slot, mfn, __ATOMIC_RELAXED);
    }
    return error;
}

/* One call under the lock. */
static int call(struct thread *t, struct memory_owner *m, unsigned int domain)
{
    enum frame_type type = (enum frame_type)(TYPE_L1 + below(t, 5));
    mfn_t mfn = any_frame(t, domain);
    int error;

    if (m->releasing != FRAME_INFO_NONE && !table_release(m))
        return -PARAPET_ERESTART;
    switch (below(t, 8)) {
    case 0:
    case 1:
        return table_pin(m, mfn, type);
    case 2:
        return table_unpin(m, mfn);
    case 3:
        error = table_get_valid(m, mfn, type);
        if (error == 0)
            table_put(m, mfn);
        return error;
    case 4:
        return exchange_any(t, m, domain);
    default:
        return write_any(t, m, domain);
    }
}

/* A reference to a page, held for a while without the lock. */
static int share(struct thread *t, struct memory_owner *m, unsigned int domain)
{
    mfn_t mfn = any_frame(t, domain);
    int error;

    if (below(t, 2)) {
        error = type_get(m, mfn);
        if (error == 0)
            type_put(mfn);
        return error;
    }
    race_lock(m);
    error = type_get_writable(m, mfn);
    memory_unlock(m);
    if (error == 0) {
        (void)type_get(m, mfn);
        type_put(mfn);
        type_put_writable(mfn);
    }
    return error;
}

static void *run(void *argument)
{
    struct thread *t = argument;

    race_thread = t->number;
    for (uint64_t i = 0; i < t->nr_steps; i++) {
        unsigned int domain = below(t, 4) == 0;
        struct memory_owner *m = &mmu_domains[domain];
        int error;

        if (below(t, 3) == 0) {
            error = share(t, m, domain);
        } else {
            race_lock(m);
            (void)mmu_begin(domain, 1 + (uint32_t)below(t, WORK_CALL));
            error = call(t, m, domain);
            memory_unlock(m);
        }
        t->nr_successes += error == 0;
    }
    return NULL;
}

static void test_race(void **state)
{
    static struct thread threads[NR_THREADS];
    const char *steps = getenv("MEMORY_STEPS");

    (void)state;
    mmu_create(NR_FIRST, NR_SECOND);
    for (unsigned int d = 0; d < MMU_DOMAINS; d++) {
        for (unsigned int i = 0; i < (d == 0 ? NR_FIRST : NR_SECOND); i++)
            mfns[d][i] = mmu_mfn(d, i);
    }
    for (unsigned int i = 0; i < NR_THREADS; i++) {
        threads[i].number = i;
        threads[i].random_state = 1 + i * 0x9e3779b97f4a7c15;
        threads[i].nr_steps = steps ? strtoul(steps, NULL, 0) : NR_STEPS;
        assert_int_equal(
            pthread_create(&threads[i].thread, NULL, run, &threads[i]), 0);
    }
    for (unsigned int i = 0; i < NR_THREADS; i++) {
        assert_int_equal(pthread_join(threads[i].thread, NULL), 0);
        assert_true(threads[i].nr_successes > threads[i].nr_steps / 10);
    }
    for (unsigned int d = 0; d < MMU_DOMAINS; d++) {
        assert_int_equal(audit_memory(&mmu_domains[d], NULL, 0), 0);
        (void)mmu_begin(d, 1u << 20);
        assert_true(table_release(&mmu_domains[d]));
        assert_int_equal(audit_memory(&mmu_domains[d], NULL, 0), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_race),
    };

    return cmocka_run_group_tests_name("mm, by several CPUs", tests, NULL,
                                       NULL);
}

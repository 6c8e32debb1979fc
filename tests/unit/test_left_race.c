/* SPDX-License-Identifier: MIT
 *
 * hypervisor/mm/type.c and owner_release.c, by several CPUs at once: an owner
 * ends while others drop the last references to its frames, each of which goes
 * back once, by whoever is last. Built with ThreadSanitizer.
 *
 * Now all of them are late, now early, so that both ways are gone whatever the
 * host does; in most rounds nobody waits. MEMORY_STEPS is the number of rounds.
 */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdlib.h>

#include "hypervisor/mm/owner_release.h"
#include "tests/unit/race.h"

#define NR_ROUNDS 8000ul
#define NR_DROPPERS 2u
#define NR_FRAMES 24u
#define NR_HELD 4u /* the first ones, which go last */

enum { EARLY, LATE, NR_KINDS = 8 };

static struct memory_owner *const m = &mmu_domains[0];

static mfn_t mfns[NR_FRAMES];
static pthread_barrier_t begin, early, late, end;
static unsigned long nr_rounds;

struct dropper {
    pthread_t thread;
    unsigned int number;
    uint64_t random_state;
};

/* Two of each frame: one to read, one to write. */
static void drop_all(struct dropper *d)
{
    uint64_t first = unit_random(&d->random_state) % NR_FRAMES;

    for (unsigned int i = 0; i < NR_FRAMES; i++) {
        mfn_t mfn = mfns[(first + i) % NR_FRAMES];

        type_put_foreign(mfn, i % 2 == d->number % 2);
        type_put_foreign(mfn, i % 2 != d->number % 2);
    }
}

static void *drop(void *argument)
{
    struct dropper *d = argument;

    race_thread = 1 + d->number;
    for (unsigned long round = 0; round < nr_rounds; round++) {
        pthread_barrier_wait(&begin);
        if (round % NR_KINDS == LATE)
            pthread_barrier_wait(&late);
        drop_all(d);
        if (round % NR_KINDS == EARLY)
            pthread_barrier_wait(&early);
        pthread_barrier_wait(&end);
    }
    return NULL;
}

/* Its frames, and what others have of them; none has been a table. */
static void make_owner(void)
{
    type_owner_init(m, MMU_FIRST_ID);
    for (unsigned int i = 0; i < NR_FRAMES; i++) {
        mfns[i] = frame_alloc_zeroed();
        type_give(m, mfns[i], i);
        (void)mmu_begin(0, WORK_CALL);
        if (i < NR_HELD)
            type_hold(m, mfns[i], true);
        else
            assert_int_equal(type_get_writable(m, mfns[i]), 0);
        for (unsigned int d = 0; d < NR_DROPPERS; d++) {
            assert_int_equal(type_get_foreign(m, mfns[i], false), 0);
            assert_int_equal(type_get_foreign(m, mfns[i], true), 0);
        }
        if (i >= NR_HELD)
            type_put_writable(mfns[i]);
    }
}

static void end_owner(void)
{
    while (!owner_release_share(mmu_begin(0, WORK_LEAST)))
        ;
    for (unsigned int i = 0; i < NR_HELD; i++)
        owner_free_held(m, mfns[i]);
}

static void run_round(unsigned long round, size_t nr_free)
{
    unsigned int kind = round % NR_KINDS;

    make_owner();
    pthread_barrier_wait(&begin);
    if (kind == EARLY)
        pthread_barrier_wait(&early);
    end_owner();
    if (kind == EARLY)
        assert_int_equal(owner_nr_left(MMU_FIRST_ID), 0);
    if (kind == LATE) {
        assert_int_equal(owner_nr_left(MMU_FIRST_ID), NR_FRAMES);
        pthread_barrier_wait(&late);
    }
    pthread_barrier_wait(&end);
    assert_int_equal(m->nr_frames, 0);
    assert_int_equal(owner_nr_left(MMU_FIRST_ID), 0);
    assert_int_equal(frame_nr_free(), nr_free);
    for (unsigned int i = 0; i < NR_FRAMES; i++)
        assert_int_equal(frame_state(frame_info(mfns[i])), 0);
}

static void test_race(void **state)
{
    static struct dropper droppers[NR_DROPPERS];
    const char *steps = getenv("MEMORY_STEPS");

    (void)state;
    nr_rounds = steps ? strtoul(steps, NULL, 0) : NR_ROUNDS;
    mmu_create(0, 1);
    pthread_barrier_init(&begin, NULL, NR_DROPPERS + 1);
    pthread_barrier_init(&early, NULL, NR_DROPPERS + 1);
    pthread_barrier_init(&late, NULL, NR_DROPPERS + 1);
    pthread_barrier_init(&end, NULL, NR_DROPPERS + 1);
    for (unsigned int i = 0; i < NR_DROPPERS; i++) {
        droppers[i].number = i;
        droppers[i].random_state = 1 + i * 0x9e3779b97f4a7c15;
        assert_int_equal(
            pthread_create(&droppers[i].thread, NULL, drop, &droppers[i]), 0);
    }
    for (unsigned long round = 0; round < nr_rounds; round++)
        run_round(round, frame_nr_free());
    for (unsigned int i = 0; i < NR_DROPPERS; i++)
        assert_int_equal(pthread_join(droppers[i].thread, NULL), 0);
    assert_int_equal(mmu_audit_machine(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_race),
    };

    return cmocka_run_group_tests_name("an owner's end, by several CPUs", tests,
                                       NULL, NULL);
}

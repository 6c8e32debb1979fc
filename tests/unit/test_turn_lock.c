/* SPDX-License-Identifier: MIT
 *
 * The lock for which one can wait and give up, look by look. (With threads at
 * it: test_memory_race.)
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "hypervisor/base/turn_lock.h"
#include "lib/macros.h"

static struct turn_lock lock;
static unsigned int nr_serves;

static void serve(void)
{
    nr_serves++;
}

/* The holder lets go while this CPU waits, at the look of that number. */
static unsigned int release_at;

static void serve_and_release(void)
{
    if (++nr_serves == release_at)
        turn_lock_release(&lock);
}

static int setup(void **state)
{
    (void)state;
    memset(&lock, 0, sizeof(lock));
    nr_serves = 0;
    return 0;
}

static bool wait(unsigned int cpu, unsigned int looks)
{
    return turn_lock_wait(&lock, cpu, looks, serve);
}

static void test_try(void **state)
{
    (void)state;
    assert_false(turn_lock_is_held(&lock));
    assert_true(turn_lock_try(&lock));
    assert_true(turn_lock_is_held(&lock));
    assert_false(turn_lock_try(&lock));
    turn_lock_release(&lock);
    assert_false(turn_lock_is_held(&lock));
    assert_true(turn_lock_try(&lock));
}

/* It gives up after just so many looks, and leaves nothing behind. */
static void test_give_up(void **state)
{
    (void)state;
    assert_true(turn_lock_try(&lock));
    assert_false(wait(3, 7));
    assert_int_equal(nr_serves, 7);
    assert_int_equal(lock.waiting, 0);
    assert_false(wait(3, 0));
    assert_int_equal(nr_serves, 7);
    assert_true(turn_lock_is_held(&lock));
    turn_lock_release(&lock);
    assert_true(turn_lock_try(&lock));
}

static void test_wait(void **state)
{
    (void)state;
    assert_true(turn_lock_try(&lock));
    release_at = 5;
    assert_true(turn_lock_wait(&lock, 63, 100, serve_and_release));
    assert_int_equal(nr_serves, 5);
    assert_int_equal(lock.waiting, 0);
    assert_true(turn_lock_is_held(&lock));
    turn_lock_release(&lock);
    /* A free one is had at the first look. */
    assert_true(wait(0, 1));
    assert_int_equal(nr_serves, 5);
}

/* Whoever comes while others wait does not overtake them. */
static void test_no_overtaking(void **state)
{
    (void)state;
    lock.waiting = 1ul << 5;
    assert_false(turn_lock_try(&lock));
    assert_false(turn_lock_is_held(&lock));
    lock.waiting |= 1ul << 9;
    assert_false(turn_lock_look(&lock, 9));
    assert_true(turn_lock_look(&lock, 5));
}

/* In the order of the numbers, around, from the last one on. */
static void test_order(void **state)
{
    static const unsigned int cpus[] = {0, 1, 17, 31, 62, 63};

    (void)state;
    for (unsigned int round = 0; round < 3; round++) {
        for (size_t next = 0; next < ARRAY_SIZE(cpus); next++) {
            for (size_t i = 0; i < ARRAY_SIZE(cpus); i++)
                lock.waiting |= 1ul << cpus[i];
            for (size_t i = 0; i < ARRAY_SIZE(cpus); i++)
                assert_true(i == next || !turn_lock_look(&lock, cpus[i]));
            assert_true(turn_lock_look(&lock, cpus[next]));
            turn_lock_release(&lock);
        }
    }
}

/* One that has given up does not hold up the others, and has its old place. */
static void test_place_is_kept(void **state)
{
    (void)state;
    lock.waiting = 1ul << 2 | 1ul << 8;
    assert_true(turn_lock_look(&lock, 2));
    assert_false(wait(4, 3));
    turn_lock_release(&lock);
    lock.waiting = 1ul << 2 | 1ul << 4 | 1ul << 8;
    assert_false(turn_lock_look(&lock, 8));
    assert_true(turn_lock_look(&lock, 4));
    turn_lock_release(&lock);
    /* Its turn passes while it is away: then it comes in the next round. */
    lock.waiting = 1ul << 2;
    assert_true(turn_lock_look(&lock, 2));
    turn_lock_release(&lock);
    lock.waiting = 1ul << 2 | 1ul << 8;
    assert_true(turn_lock_look(&lock, 8));
}

/*
 * 64 CPUs that all wait for a few looks, in any order, and come back when they
 * gave up: between two turns of one, each other has at most one. Those that
 * are away for a moment are left out.
 */
static void test_nobody_starves(void **state)
{
    unsigned int since[64] = {0};
    uint64_t numbers = 11;

    (void)state;
    lock.waiting = ~0ul;
    for (unsigned int turn = 0; turn < 10000; turn++) {
        unsigned int cpu = (unsigned int)(unit_random(&numbers) % 64);
        unsigned int away = (unsigned int)(unit_random(&numbers) % 64);
        unsigned int looks = 0;

        lock.waiting = ~0ul & ~(1ul << away);
        while (cpu == away || !turn_lock_look(&lock, cpu)) {
            cpu = (cpu + 1) % 64;
            assert_true(looks++ < 64);
        }
        for (unsigned int i = 0; i < 64; i++)
            since[i]++;
        /* Twice away just when it was its turn is once in 64 * 64. */
        assert_true(since[cpu] <= 5 * 64);
        since[cpu] = 0;
        turn_lock_release(&lock);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_try, setup),
        cmocka_unit_test_setup(test_give_up, setup),
        cmocka_unit_test_setup(test_wait, setup),
        cmocka_unit_test_setup(test_no_overtaking, setup),
        cmocka_unit_test_setup(test_order, setup),
        cmocka_unit_test_setup(test_place_is_kept, setup),
        cmocka_unit_test_setup(test_nobody_starves, setup),
    };

    return cmocka_run_group_tests_name("base/turn_lock", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * The policy fair, on a machine whose clock jumps (fair_machine.h): what each
 * domain gets, whatever the others do.
 */
#include "tests/unit/fair_machine.h"
#include "tests/unit/unit.h"

#include "abi/domain.h"
#include "hypervisor/base/time.h"
#include "hypervisor/sched/fair_share.h"
#include "hypervisor/sched/policy.h"
#include "lib/macros.h"

#define WEIGHT PARAPET_DEFAULT_WEIGHT
#define TURN (10 * MS)
#define TICK (MS / 2)

/* Each runs for a while, a little before the next tick, and is soon back. */
static const struct habit hides = {TICK - 1000, 1000, false};
static const struct habit yields = {50000, 0, false};
/* It runs little, and wants to run soon. */
static const struct habit light = {100000, 5 * MS, false};

/* What was got is what was expected, give or take so much. */
#define NEAR(got, expected, slack)                                             \
    assert_in_range((got) + (slack), expected, (expected) + 2 * (slack))

static void test_weights(void **state)
{
    struct domain *light_one, *heavy;
    struct fair_guest *guest;

    (void)state;
    fair_machine_create(1);
    light_one = fair_domain(WEIGHT, 0);
    heavy = fair_domain(2 * WEIGHT, 0);
    guest = fair_guest(light_one, 0, spins);
    fair_guest(heavy, 0, spins);
    fair_run(9 * SECOND);
    NEAR(fair_ran(light_one), 3 * SECOND, TURN);
    NEAR(fair_ran(heavy), 6 * SECOND, TURN);
    /* What it did not run was stolen; of the last wait it does not know yet. */
    NEAR(guest->v.page->stolen_ns, 6 * SECOND, 3 * TURN);
}

/* The one with more vCPUs gets no more, and each of them the same. */
static void test_eight_against_one(void **state)
{
    struct fair_guest *eight[8];
    struct domain *many, *one;

    (void)state;
    fair_machine_create(1);
    many = fair_domain(WEIGHT, 0);
    one = fair_domain(WEIGHT, 0);
    for (unsigned int i = 0; i < ARRAY_SIZE(eight); i++)
        eight[i] = fair_guest(many, 0, spins);
    fair_guest(one, 0, spins);
    fair_run(8 * SECOND);
    NEAR(fair_ran(one), 4 * SECOND, TURN);
    for (unsigned int i = 0; i < ARRAY_SIZE(eight); i++)
        NEAR(eight[i]->ran, SECOND / 2, 2 * TURN);
}

/* A domain with a vCPU on each of two CPUs has as much as those with one. */
static void test_spread(void **state)
{
    struct domain *both, *one, *other;

    (void)state;
    fair_machine_create(2);
    both = fair_domain(WEIGHT, 0);
    one = fair_domain(WEIGHT, 0);
    other = fair_domain(WEIGHT, 0);
    fair_guest(both, 0, spins);
    fair_guest(both, 1, spins);
    fair_guest(one, 0, spins);
    fair_guest(other, 1, spins);
    fair_run(9 * SECOND);
    NEAR(fair_ran(both), 6 * SECOND, 4 * TURN);
    NEAR(fair_ran(one), 6 * SECOND, 2 * TURN);
    NEAR(fair_ran(other), 6 * SECOND, 2 * TURN);
}

/* Who slept is one turn ahead of those who ran meanwhile, at most. */
static void test_sleeper_comes_back(void **state)
{
    struct domain *sleeper, *busy;
    struct fair_guest *guest;

    (void)state;
    fair_machine_create(1);
    sleeper = fair_domain(WEIGHT, 0);
    busy = fair_domain(WEIGHT, 0);
    guest = fair_guest(sleeper, 0, spins);
    fair_guest(busy, 0, spins);
    for (uint64_t slept = SECOND / 10; slept <= 1000 * SECOND; slept *= 10) {
        uint64_t before;

        fair_stop(guest);
        fair_run(slept);
        fair_wake(guest);
        before = guest->ran;
        fair_run(SECOND);
        assert_in_range(guest->ran - before, SECOND / 2 - TURN,
                        SECOND / 2 + TURN + 2 * TICK);
    }
}

/* Again and again it gains nothing by that; nor does who hides from ticks. */
static void test_hostile_sleepers(void **state)
{
    static const struct habit habits[] = {
        {TICK - 1000, 1000, false},  {TICK / 10, 1000, false},
        {TURN - 1000, 1000, false},  {TURN, TURN, false},
        {TURN + TICK, TURN, false},  {2 * TURN, TURN, false},
        {100 * MS, 100 * MS, false}, {3 * TICK, 1, false},
    };

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(habits); i++) {
        struct domain *hostile, *busy;

        fair_machine_create(1);
        hostile = fair_domain(WEIGHT, 0);
        busy = fair_domain(WEIGHT, 0);
        fair_guest(hostile, 0, habits[i]);
        fair_guest(busy, 0, spins);
        fair_run(10 * SECOND);
        assert_in_range(fair_ran(hostile), SECOND / 2,
                        5 * SECOND + TURN + TICK);
    }
}

/* Its vCPUs sleep by turns, so that one alone runs on each CPU. */
static void test_sleep_by_turns(void **state)
{
    static const uint64_t times[] = {TURN / 4, TURN, 3 * TURN};

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(times); i++) {
        const struct habit habit = {times[i], times[i], false};
        struct domain *hostile;

        fair_machine_create(2);
        hostile = fair_domain(WEIGHT, 0);
        fair_guest(fair_domain(WEIGHT, 0), 0, spins);
        fair_guest(fair_domain(WEIGHT, 0), 1, spins);
        fair_guest(hostile, 0, habit);
        fair_run(times[i]);
        fair_guest(hostile, 1, habit);
        fair_run(9 * SECOND);
        assert_in_range(fair_ran(hostile), SECOND, 6 * SECOND + 4 * TURN);
    }
}

/* It goes to another CPU whenever it has slept, and gains nothing there. */
static void test_hopper(void **state)
{
    static const struct habit hops = {TURN, 1000, true};
    struct domain *hopper;

    (void)state;
    fair_machine_create(2);
    hopper = fair_domain(WEIGHT, 0);
    fair_guest(fair_domain(WEIGHT, 0), 0, spins);
    fair_guest(fair_domain(WEIGHT, 0), 1, spins);
    fair_guest(hopper, 0, hops);
    fair_run(9 * SECOND);
    /* With one CPU after the other it has less than two thirds of one. */
    assert_in_range(fair_ran(hopper), 3 * SECOND, 6 * SECOND + 2 * TURN);
}

/* Those who only yield run by turns. Who yields to one that spins runs once for
 * each turn of that. */
static void test_yielders(void **state)
{
    struct domain *one, *other, *busy;
    struct fair_guest *second;

    (void)state;
    fair_machine_create(1);
    one = fair_domain(WEIGHT, 0);
    other = fair_domain(WEIGHT, 0);
    fair_guest(one, 0, yields);
    second = fair_guest(other, 0, yields);
    fair_run(SECOND);
    NEAR(fair_ran(one), SECOND / 2, TICK);
    NEAR(fair_ran(other), SECOND / 2, TICK);

    fair_stop(second);
    busy = fair_domain(WEIGHT, 0);
    fair_guest(busy, 0, spins);
    fair_run(SECOND);
    NEAR(fair_ran(one), SECOND / 2 + SECOND / TURN * yields.runs, MS);
    NEAR(fair_ran(busy), SECOND - SECOND / TURN * yields.runs, MS);
}

/* A domain's own vCPUs yield to each other, as long as it has time. */
static void test_yields_inside(void **state)
{
    struct domain *yielders, *busy;
    struct fair_guest *one, *other;

    (void)state;
    fair_machine_create(1);
    yielders = fair_domain(WEIGHT, 0);
    busy = fair_domain(WEIGHT, 0);
    one = fair_guest(yielders, 0, yields);
    other = fair_guest(yielders, 0, yields);
    fair_guest(busy, 0, spins);
    fair_run(SECOND);
    NEAR(one->ran, other->ran, 2 * yields.runs);
    assert_in_range(fair_ran(busy), SECOND / 2 - TURN, SECOND);
}

/* Who wakes runs after a tick, beside those that use all they can. */
static void test_wakes_soon(void **state)
{
    struct fair_guest *guest;

    (void)state;
    fair_machine_create(1);
    for (unsigned int i = 0; i < 8; i++) {
        struct domain *d = fair_domain(WEIGHT, 0);

        fair_guest(d, 0, spins);
        fair_guest(d, 0, hides);
    }
    guest = fair_guest(fair_domain(WEIGHT, 0), 0, light);
    fair_run(2 * SECOND);
    guest->longest_wait = 0;
    fair_run(10 * SECOND);
    assert_in_range(guest->longest_wait, 0, 2 * TICK);
}

/* Also if somebody wakes with it, or just before it, who then has much to do.
 */
static void test_wakes_with_another(void **state)
{
    static const struct habit habits[] = {{15 * MS, 5 * MS, false},
                                          {15 * MS, 65 * MS, false}};

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(habits); i++) {
        struct fair_guest *other, *guest;

        fair_machine_create(1);
        fair_guest(fair_domain(WEIGHT, 0), 0, spins);
        other = fair_guest(fair_domain(WEIGHT, 0), 0, habits[i]);
        guest = fair_guest(fair_domain(WEIGHT, 0), 0, light);
        for (unsigned int n = 0; n < 100; n++) {
            fair_stop(guest);
            fair_stop(other);
            fair_run(100 * MS);
            fair_wake(other);
            fair_wake(guest);
            guest->longest_wait = 0;
            fair_run(20 * MS);
            assert_in_range(guest->longest_wait, 0, 3 * TICK);
        }
    }
}

/* ---- caps ---- */

static void test_cap_alone(void **state)
{
    struct domain *capped;

    (void)state;
    fair_machine_create(1);
    capped = fair_domain(WEIGHT, 25);
    fair_guest(capped, 0, spins);
    fair_run(8 * SECOND);
    NEAR(fair_ran(capped), 2 * SECOND, TURN);
    /* It may be lifted, and set again while it is alone. */
    fair_schedule(capped, WEIGHT, 0);
    fair_run(100 * SECOND);
    NEAR(fair_ran(capped), 102 * SECOND, TURN);
    fair_schedule(capped, WEIGHT, 50);
    fair_run(2 * SECOND);
    NEAR(fair_ran(capped), 103 * SECOND, 3 * TURN);
}

static void test_cap_beside_busy(void **state)
{
    struct domain *capped, *busy, *heavy;

    (void)state;
    fair_machine_create(1);
    capped = fair_domain(WEIGHT, 25);
    busy = fair_domain(WEIGHT, 0);
    fair_guest(capped, 0, spins);
    fair_guest(busy, 0, spins);
    fair_run(8 * SECOND);
    NEAR(fair_ran(capped), 2 * SECOND, 2 * TURN);
    NEAR(fair_ran(busy), 6 * SECOND, 2 * TURN);
    /* Nor does a weight lift it. */
    heavy = fair_domain(16 * WEIGHT, 10);
    fair_guest(heavy, 0, hides);
    fair_run(10 * SECOND);
    NEAR(fair_ran(heavy), SECOND, 2 * TURN);
}

/* One cap for all of its CPUs; and for those that sleep before they must. */
static void test_cap_on_two(void **state)
{
    struct domain *capped;

    (void)state;
    fair_machine_create(2);
    capped = fair_domain(WEIGHT, 50);
    fair_guest(capped, 0, spins);
    fair_guest(capped, 1, spins);
    fair_guest(capped, 1, hides);
    fair_run(10 * SECOND);
    NEAR(fair_ran(capped), 5 * SECOND, 2 * TURN);
}

/* It has no debt for what it ran by another cap, or by none, on any CPU. */
static void test_cap_begins_anew(void **state)
{
    struct domain *d;
    uint64_t ran;

    (void)state;
    fair_machine_create(4);
    d = fair_domain(WEIGHT, 0);
    for (unsigned int cpu = 0; cpu < 4; cpu++)
        fair_guest(d, cpu, spins);
    fair_run(10 * SECOND);
    ran = fair_ran(d);
    fair_schedule(d, WEIGHT, 4);
    fair_run(SECOND);
    NEAR(fair_ran(d) - ran, SECOND / 25, 4 * TICK);
    /* Each has run for a tick, which is a debt of 50 ms by this cap. */
    ran = fair_ran(d);
    fair_schedule(d, WEIGHT, 400);
    fair_run(SECOND);
    NEAR(fair_ran(d) - ran, 4 * SECOND, TICK);
    /* To set what it has changes nothing. */
    fair_schedule(d, WEIGHT, 10);
    ran = fair_ran(d);
    for (unsigned int n = 0; n < 1000; n++) {
        fair_schedule(d, WEIGHT, 10);
        fair_run(MS);
    }
    NEAR(fair_ran(d) - ran, SECOND / 10, 4 * TICK);
}

/* ---- many at once ---- */

#define MOST_AT_ONCE 8
#define NR_AT_ONCE 60

/* Those that have come, or may run again, and are not in yet. */
static unsigned int nr_outside(void)
{
    const struct fair_cpu *c = &fair_cpus[0];
    unsigned int nr = 0;

    for (size_t i = 1; i <= c->parked.nr; i++)
        nr += c->parked.heap[i]->deadline <= time_now_ns();
    for (const struct list_node *node = c->arrivals.next; node != &c->arrivals;
         node = node->next)
        nr++;
    return nr;
}

/* A look brings in so many at most, and the others come soon. */
static void test_many_at_once(void **state)
{
    struct fair_guest *guests[NR_AT_ONCE];
    unsigned int before, looks, after;

    (void)state;
    fair_machine_create(1);
    fair_guest(fair_domain(16 * WEIGHT, 0), 0, spins);
    for (unsigned int i = 0; i < NR_AT_ONCE; i++) {
        guests[i] = fair_guest(fair_domain(WEIGHT, 0), 0, spins);
        fair_stop(guests[i]);
    }
    for (unsigned int i = 0; i < NR_AT_ONCE / 2; i++)
        fair_guest(fair_domain(WEIGHT, 1), 0, spins);
    fair_run(SECOND);
    fair_jump(100 * MS); /* whoever is parked may run now */
    assert_in_range(nr_outside(), MOST_AT_ONCE, NR_AT_ONCE);
    for (unsigned int i = 0; i < NR_AT_ONCE; i++)
        fair_wake(guests[i]);
    before = nr_outside();
    for (unsigned int us = 0; before != 0; us++) {
        looks = fair_nr_ticks(0);
        fair_run(1000);
        looks = fair_nr_ticks(0) - looks;
        after = nr_outside();
        assert_in_range(before - after, 0, looks * MOST_AT_ONCE);
        assert_in_range(us, 0, 200);
        before = after;
    }
}

/* Nobody who may run is further behind the floor than by a turn. */
static void check_behind(struct domain *const domains[], size_t nr)
{
    for (size_t i = 0; i < nr; i++) {
        const struct sched_share *share = &domains[i]->shares[0];
        uint64_t turn = TURN * share->rate >> FAIR_RATE_SHIFT;

        if (share->place != 0)
            assert_false(vtime_before(share->vtime, fair_cpus[0].floor - turn));
    }
}

/* Nor one that its cap kept off, whoever else of its domain comes then. */
static void test_parked_with_another(void **state)
{
    struct fair_guest *seconds[NR_AT_ONCE];
    struct domain *domains[NR_AT_ONCE];

    (void)state;
    fair_machine_create(1);
    fair_guest(fair_domain(WEIGHT, 0), 0, spins);
    for (unsigned int i = 0; i < NR_AT_ONCE; i++) {
        domains[i] = fair_domain(WEIGHT, 1);
        fair_guest(domains[i], 0, spins);
        seconds[i] = fair_guest(domains[i], 0, spins);
        fair_stop(seconds[i]);
    }
    fair_run(SECOND);
    fair_jump(100 * MS); /* all of them may run now */
    for (unsigned int i = 0; i < NR_AT_ONCE; i++)
        fair_wake(seconds[NR_AT_ONCE - 1 - i]);
    for (unsigned int us = 0; us < 200; us++) {
        fair_run(1000);
        check_behind(domains, NR_AT_ONCE);
    }
}

/* ---- many, and for long ---- */

static void test_512_domains(void **state)
{
    static struct domain *domains[MAX_DOMAINS];

    (void)state;
    fair_machine_create(1);
    for (unsigned int i = 0; i < MAX_DOMAINS; i++) {
        domains[i] = fair_domain(WEIGHT, 0);
        fair_guest(domains[i], 0, spins);
    }
    fair_run(10 * MAX_DOMAINS * TURN);
    for (unsigned int i = 0; i < MAX_DOMAINS; i++)
        NEAR(fair_ran(domains[i]), 10 * TURN, TURN + TURN / 5);
}

/* The lightest beside the heaviest gets little, and that it does get. */
static void test_extreme_weights(void **state)
{
    struct domain *least, *most;

    (void)state;
    fair_machine_create(1);
    least = fair_domain(1, 0);
    most = fair_domain(PARAPET_MAX_WEIGHT, 0);
    fair_guest(least, 0, spins);
    fair_guest(most, 0, spins);
    fair_run(1500 * SECOND);
    NEAR(fair_ran(least), 1500 * SECOND / PARAPET_MAX_WEIGHT, TURN);
    assert_true(fair_ran(least) > 0);
    /* It is to pay for 655 s. A new weight counts at once, for that too. */
    fair_schedule(least, PARAPET_MAX_WEIGHT, 0);
    fair_run(SECOND);
    NEAR(fair_ran(least), SECOND / 2 + 30 * MS, 3 * TURN);
}

/*
 * The virtual time of the lightest wraps around after some hours, and again and
 * again: whoever slept meanwhile has his part when he is back, whatever the
 * clock says then.
 */
static void test_virtual_time_wraps(void **state)
{
    struct domain *lightest;
    struct fair_guest *guest;

    (void)state;
    fair_machine_create(2);
    lightest = fair_domain(1, 0);
    fair_guest(lightest, 0, spins);
    for (unsigned int i = 2; i < PARAPET_MAX_VCPUS; i++)
        fair_guest(lightest, 1, spins);
    /* So that it is charged now and then. */
    fair_guest(lightest, 0, light);
    guest = fair_guest(fair_domain(1, 0), 0, spins);
    for (unsigned int round = 1; round <= 40; round++) {
        uint64_t before;

        fair_stop(guest);
        for (unsigned int i = 0; i < round % 8 + 1; i++) {
            fair_jump(5000 * SECOND);
            fair_run(SECOND / 20);
        }
        fair_wake(guest);
        before = guest->ran;
        fair_run(SECOND);
        /* Of this CPU's time the other has some 17th. */
        assert_in_range(guest->ran - before, SECOND - 8 * TURN, SECOND);
    }
}

/* Its weight changes all the time: its vCPUs have their turns all the same. */
static void test_weights_change(void **state)
{
    struct fair_guest *guests[4];
    struct domain *d, *other;

    (void)state;
    fair_machine_create(1);
    d = fair_domain(WEIGHT, 0);
    other = fair_domain(WEIGHT, 0);
    for (unsigned int i = 0; i < ARRAY_SIZE(guests); i++)
        guests[i] = fair_guest(d, 0, spins);
    fair_guest(other, 0, spins);
    for (unsigned int ms = 0; ms < 4000; ms++) {
        fair_schedule(d, WEIGHT + ms % 2, 0);
        fair_run(MS);
    }
    NEAR(fair_ran(other), 2 * SECOND, 2 * TURN);
    for (unsigned int i = 0; i < ARRAY_SIZE(guests); i++)
        NEAR(guests[i]->ran, SECOND / 2, 3 * TURN);
}

/* ---- for other CPUs ---- */

/* Who is taken out while it waits has waited until then. */
static void test_stolen_so_far(void **state)
{
    struct fair_guest *guest;
    struct domain *d;

    (void)state;
    fair_machine_create(1);
    d = fair_domain(WEIGHT, 0);
    guest = fair_guest(d, 0, spins);
    fair_guest(fair_domain(WEIGHT, 0), 0, spins);
    for (unsigned int n = 0; n < 100; n++) {
        fair_run(TURN);
        fair_stop(guest);
        fair_wake(guest);
    }
    NEAR(guest->ran, SECOND / 2, TURN);
    NEAR(guest->ran + guest->v.page->stolen_ns, SECOND, 5 * TURN);
}

/*
 * Other CPUs are helped at ticks (sched_balance()): so nobody puts them off,
 * by yielding all the time, nor do those whose caps run out.
 */
static void test_ticks_come(void **state)
{
    static const struct habit habits[] = {
        {TICK / 11, 0, false}, {TICK * 3 / 7, 0, false}, {TICK / 11, 1, false}};

    (void)state;
    for (unsigned int i = 0; i < 2 * ARRAY_SIZE(habits); i++) {
        fair_machine_create(1);
        fair_guest(fair_domain(WEIGHT, 0), 0, habits[i / 2]);
        fair_guest(fair_domain(WEIGHT, 0), 0, habits[i / 2]);
        for (unsigned int n = 0; i % 2 && n < 20; n++)
            fair_guest(fair_domain(WEIGHT, 1 + n), 0, yields);
        fair_run(SECOND);
        assert_in_range(fair_nr_ticks(0), SECOND / TICK / 2, 4 * SECOND / TICK);
    }
}

/* A domain's weight is spread over those of its vCPUs that are active. */
static void test_load(void **state)
{
    struct fair_guest *one, *other, *third;
    struct domain *d;

    (void)state;
    fair_machine_create(2);
    d = fair_domain(2 * WEIGHT, 0);
    one = fair_guest(d, 0, spins);
    other = fair_guest(d, 1, spins);
    third = fair_guest(fair_domain(WEIGHT, 0), 1, spins);
    /* A CPU that is one's own is not looked at, unless there is a reason. */
    fair_schedule(d, 2 * WEIGHT, 0);
    fair_run(SECOND);
    assert_int_equal(fair.load(0), (uint64_t)WEIGHT << FAIR_LOAD_SHIFT);
    assert_int_equal(fair.load(1), (uint64_t)2 * WEIGHT << FAIR_LOAD_SHIFT);
    fair_stop(one);
    fair_run(SECOND);
    assert_int_equal(fair.load(0), 0);
    assert_int_equal(fair.load(1), (uint64_t)3 * WEIGHT << FAIR_LOAD_SHIFT);
    fair_stop(other);
    fair_stop(third);
    assert_int_equal(fair.load(1), 0);
}

static void test_give(void **state)
{
    struct fair_guest *guests[3];
    struct domain *capped;

    (void)state;
    fair_machine_create(1);
    for (unsigned int i = 0; i < ARRAY_SIZE(guests); i++)
        guests[i] = fair_guest(fair_domain((i + 1) * WEIGHT, 0), 0, spins);
    capped = fair_domain(WEIGHT / 4, 1);
    fair_guest(capped, 0, spins);
    fair_run(20 * TURN); /* the heaviest runs, or is the last in the heap */
    fair_stop(guests[2]);
    fair_run(TURN);
    /* One of the two waits. */
    guests[0]->v.sched.affinity = guests[1]->v.sched.affinity = ~2u;
    assert_null(fair.give(0, 1, UINT64_MAX));
    assert_non_null(fair.give(0, 2, UINT64_MAX));
    assert_null(fair.give(0, 2, (WEIGHT << FAIR_LOAD_SHIFT) - 1));
    /* And one that has just come, before anybody has looked at it. */
    fair_wake(guests[2]);
    assert_ptr_equal(fair.give(0, 1, UINT64_MAX), &guests[2]->v.sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_eight_against_one),
        cmocka_unit_test(test_spread),
        cmocka_unit_test(test_sleeper_comes_back),
        cmocka_unit_test(test_hostile_sleepers),
        cmocka_unit_test(test_sleep_by_turns),
        cmocka_unit_test(test_hopper),
        cmocka_unit_test(test_yielders),
        cmocka_unit_test(test_yields_inside),
        cmocka_unit_test(test_wakes_soon),
        cmocka_unit_test(test_wakes_with_another),
        cmocka_unit_test(test_cap_alone),
        cmocka_unit_test(test_cap_beside_busy),
        cmocka_unit_test(test_cap_on_two),
        cmocka_unit_test(test_cap_begins_anew),
        cmocka_unit_test(test_many_at_once),
        cmocka_unit_test(test_parked_with_another),
        cmocka_unit_test(test_512_domains),
        cmocka_unit_test(test_extreme_weights),
        cmocka_unit_test(test_virtual_time_wraps),
        cmocka_unit_test(test_weights_change),
        cmocka_unit_test(test_stolen_so_far),
        cmocka_unit_test(test_ticks_come),
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_give),
    };

    return cmocka_run_group_tests_name("fair", tests, NULL, NULL);
}

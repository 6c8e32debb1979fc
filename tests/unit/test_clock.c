/* SPDX-License-Identifier: MIT
 *
 * lib/clock_rate.c and lib/clock_wall.c on a simulated machine: its counter,
 * PIT and calendar clock go by one time, which only the test knows. Looks take
 * a while, come late, and the machine is stopped at times. Numbers at random,
 * the same in every run.
 */
#include "tests/unit/unit.h"

#include "lib/clock.h"

#define NR_MACHINES 2000
#define US 1000ul
#define MS 1000000ul
#define S CLOCK_NS_PER_S
#define PPB 1000000000ul

static uint64_t seed = 0x123456789abcdef;

/* From low to high, both included. */
static uint64_t between(uint64_t low, uint64_t high)
{
    return low + unit_random(&seed) % (high - low + 1);
}

struct machine {
    uint64_t ns;       /* since it was switched on; stops when it is stopped */
    uint64_t hz;       /* of the counter */
    uint64_t tsc_tear; /* by stops, of the counter and not the PIT */
    uint64_t rtc_ns;   /* the calendar clock minus ns */
    uint64_t busy;     /* one look of so many is wide; 0: none */
    struct clock_rate rate;
};

static uint64_t tsc_at(const struct machine *m, uint64_t ns)
{
    return (uint64_t)((unsigned __int128)ns * m->hz / S) + m->tsc_tear;
}

/* The host takes the CPU away in one of some looks. */
static uint64_t delay(const struct machine *m)
{
    if (m->busy != 0 && between(1, m->busy) == 1)
        return between(100 * US, 20 * MS);
    return between(500, 1500);
}

static struct clock_sample look(struct machine *m)
{
    struct clock_sample sample;
    uint64_t begin = tsc_at(m, m->ns), end;

    m->ns += delay(m);
    sample.pit = (uint16_t)((unsigned __int128)m->ns * CLOCK_PIT_HZ / S);
    m->ns += delay(m);
    end = tsc_at(m, m->ns);
    sample.width = end - begin;
    sample.tsc = begin + sample.width / 2;
    return sample;
}

/* By how much the multiplier is wrong. */
static uint64_t wrong_ppb(const struct machine *m)
{
    /* Both in 32.32 of nanoseconds, times 2^16. */
    unsigned __int128 is = (unsigned __int128)m->rate.multiplier << 16;
    unsigned __int128 should = ((unsigned __int128)S << 48) / m->hz;
    unsigned __int128 wrong = is > should ? is - should : should - is;

    return (uint64_t)(wrong * PPB / should);
}

/* After the boot: the multiplier is known to so many parts in 10^9. */
static struct machine switch_on_known(uint64_t busy, uint64_t error_ppb)
{
    struct machine m = {.busy = busy};
    struct clock_sample first;
    uint64_t wrong = between(0, error_ppb);
    uint64_t exact;

    m.hz = between(S / 2, 5 * S);
    m.ns = between(20 * MS, 100 * MS);
    exact = (S << 32) / m.hz;
    exact += (uint64_t)((unsigned __int128)exact * wrong / PPB) *
             (between(0, 1) ? 1 : UINT64_MAX);
    first = look(&m);
    clock_rate_start(&m.rate, exact, error_ppb + 100, &first);
    return m;
}

/* As it usually is, on a host that has time. */
static struct machine switch_on(void)
{
    return switch_on_known(0, 600000);
}

/* What is promised at any time. */
static void check_bound(const struct machine *m)
{
    /* The multiplier is rounded to some parts in 10^9. */
    assert_true(wrong_ppb(m) <= m->rate.error_ppb + 10);
}

static void look_after(struct machine *m, uint64_t ns)
{
    struct clock_sample sample;

    m->ns += ns;
    sample = look(m);
    (void)clock_rate_add(&m->rate, &sample);
}

/* From here on the counter goes at another rate. */
static void set_hz(struct machine *m, uint64_t hz)
{
    uint64_t before = tsc_at(m, m->ns);

    m->hz = hz;
    m->tsc_tear += before - tsc_at(m, m->ns);
}

static void test_rate_is_found(void **state)
{
    (void)state;
    for (int i = 0; i < NR_MACHINES; i++) {
        struct machine m = switch_on();

        /* The first look may come at once: it is at an edge of a second. */
        look_after(&m, between(0, S));
        check_bound(&m);
        for (int second = 1; second <= 3; second++) {
            look_after(&m, S);
            check_bound(&m);
        }
        assert_true(wrong_ppb(&m) < 2000);
        for (int second = 4; second <= 200; second++) {
            look_after(&m, S);
            check_bound(&m);
            assert_true(second < 64 || wrong_ppb(&m) < 150);
        }
    }
}

/* Nearly half of all looks are disturbed, and they come when they like; every
 * second boot was as bad as one may be (BOOT_ERROR_PPB of both kernels). */
static void test_rate_on_a_busy_host(void **state)
{
    (void)state;
    for (int i = 0; i < NR_MACHINES; i++) {
        struct machine m = switch_on_known(4, i % 2 ? 600000 : 10000000);

        for (int n = 0; n < 100; n++) {
            look_after(&m, between(0, 3 * S));
            check_bound(&m);
        }
        assert_true(wrong_ppb(&m) < 2000);
    }
}

/* Counter and PIT are not stopped at the same moment. */
static void test_rate_after_stops(void **state)
{
    (void)state;
    for (int i = 0; i < NR_MACHINES; i++) {
        struct machine m = switch_on();

        for (int n = 0; n < 10; n++)
            look_after(&m, S);
        for (int stop = 0; stop < 5; stop++) {
            m.ns += between(0, S);
            m.tsc_tear += between(0, m.hz / 100) - m.hz / 200;
            for (int n = 0; n < 4; n++) {
                look_after(&m, S);
                /* A tear of what is let pass in a second, at the worst. */
                assert_true(wrong_ppb(&m) < 30000);
            }
            assert_true(wrong_ppb(&m) < 10000);
        }
        for (int n = 0; n < 200; n++)
            look_after(&m, S);
        assert_true(wrong_ppb(&m) < 200);
    }
}

/* Nobody has looked for longer than 16 bits can be counted. */
static void test_rate_after_a_long_time(void **state)
{
    struct machine m = switch_on();
    uint64_t multiplier;

    (void)state;
    look_after(&m, S);
    multiplier = m.rate.multiplier;
    look_after(&m, 1000 * S);
    assert_int_equal(m.rate.multiplier, multiplier);
    look_after(&m, S);
    check_bound(&m);
    assert_true(wrong_ppb(&m) < 10000);
}

/* So long that it is uncertain how often the PIT has turned meanwhile. */
static void test_rate_of_rare_looks(void **state)
{
    (void)state;
    for (int i = 0; i < NR_MACHINES; i++) {
        struct machine m = switch_on();

        for (int n = 0; n < 20; n++) {
            look_after(&m, between(0, 70 * S));
            check_bound(&m);
        }
        look_after(&m, S);
        look_after(&m, S);
        check_bound(&m);
        assert_true(wrong_ppb(&m) < 10000);
    }
}

/* The host's clock, which the PIT follows, is corrected: by 3 ppm, or 300. */
static void test_rate_follows_the_host(void **state)
{
    static const uint64_t parts[] = {333333, 3333};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct machine m = switch_on();

        for (int n = 0; n < 100; n++)
            look_after(&m, S);
        set_hz(&m, m.hz + m.hz / parts[i]);
        for (int n = 0; n < 100; n++)
            look_after(&m, S);
        assert_true(wrong_ppb(&m) < 200);
    }
}

/* A look that takes longer than a second, and a counter that was set back. */
static void test_rate_of_nonsense(void **state)
{
    struct machine m = switch_on();
    struct clock_sample sample = look(&m);
    uint64_t multiplier = m.rate.multiplier;

    (void)state;
    sample.width = 2 * m.hz;
    assert_false(clock_rate_add(&m.rate, &sample));
    sample = look(&m);
    sample.tsc = 0;
    assert_false(clock_rate_add(&m.rate, &sample));
    assert_int_equal(m.rate.multiplier, multiplier);
    for (int i = 0; i < 100000; i++) {
        sample.tsc = unit_random(&seed);
        sample.width = unit_random(&seed) >> between(0, 63);
        sample.pit = (uint16_t)unit_random(&seed);
        (void)clock_rate_add(&m.rate, &sample);
        assert_true(m.rate.multiplier != 0);
    }
}

/* The first measurement was worth nothing. */
static void test_rate_that_was_wrong(void **state)
{
    struct machine m = switch_on();

    (void)state;
    m.rate.multiplier += m.rate.multiplier / 80;
    m.rate.error_ppb = 10000;
    for (int n = 0; n < 20; n++)
        look_after(&m, S);
    check_bound(&m);
    assert_true(wrong_ppb(&m) < 1000);
}

/* QEMU's counter is fast while several CPUs read it all the time. Whatever a
 * guest makes of the rate by that, a minute after its end it is right again. */
static void test_rate_after_an_attack(void **state)
{
    (void)state;
    for (uint64_t permille = 1; permille <= 60; permille++) {
        for (int i = 0; i < 100; i++) {
            struct machine m = switch_on();
            uint64_t hz = m.hz;

            for (int second = 0; second < 50; second++) {
                if (second % 3 == 0)
                    set_hz(&m, hz + hz / 1000 * between(0, permille));
                look_after(&m, S);
            }
            set_hz(&m, hz);
            assert_true(wrong_ppb(&m) < PPB / 50);
            for (int second = 0; second < 60; second++)
                look_after(&m, S);
            assert_true(wrong_ppb(&m) < 2000);
        }
    }
}

static void test_hz(void **state)
{
    struct clock_rate rate = {.multiplier = 1ul << 31};

    (void)state;
    assert_int_equal(clock_rate_hz(&rate), 2 * S);
}

/* ---- the line ---- */

static void test_bend_is_no_step_back(void **state)
{
    (void)state;
    for (int i = 0; i < 100000; i++) {
        uint64_t hz = between(S / 2, 5 * S);
        uint64_t multiplier = (S << 32) / hz;
        uint64_t tsc = between(0, 1000000 * hz);
        uint64_t guard = hz / 64;
        uint64_t change = multiplier / 1000;
        struct clock_line old = {.multiplier = multiplier,
                                 .offset = unit_random(&seed)};
        struct clock_line new = clock_line_bend(
            &old, between(multiplier - change, multiplier + change), tsc,
            guard);
        uint64_t before = clock_line_ns(&old, tsc);
        /* The offset may wrap. */
        int64_t step = (int64_t)(clock_line_ns(&new, tsc) - before);
        uint64_t between_them = tsc + between(0, guard);

        assert_true(step >= 0 && step <= (int64_t)(20 * US));
        assert_true((int64_t)(clock_line_ns(&new, between_them) -
                              clock_line_ns(&old, between_them)) >= 0);
    }
}

static void test_bend_to_the_same(void **state)
{
    struct clock_line old = {.multiplier = 3ul << 30, .offset = 5};
    struct clock_line new = clock_line_bend(&old, 3ul << 30, 1000, 100);

    (void)state;
    assert_true(new.offset - old.offset <= 1);
}

/* ---- the wall clock ---- */

static uint64_t rtc(const struct machine *m)
{
    return m->ns + m->rtc_ns;
}

static uint64_t wall_wrong_ns(const struct machine *m,
                              const struct clock_wall *wall)
{
    uint64_t is = m->ns + wall->offset_ns;

    return is > rtc(m) ? is - rtc(m) : rtc(m) - is;
}

static bool wall_look(struct machine *m, struct clock_wall *wall)
{
    uint64_t before = m->ns, shown;

    m->ns += delay(m);
    shown = rtc(m) / S;
    m->ns += delay(m);
    return clock_wall_add(wall, shown, before, m->ns);
}

/* Until the calendar clock's next second, and a little longer. */
static bool edge(struct machine *m, struct clock_wall *wall, uint64_t latency)
{
    m->ns += S - rtc(m) % S + latency;
    return wall_look(m, wall);
}

static struct machine with_wall(struct clock_wall *wall)
{
    struct machine m = {.busy = 10};

    m.ns = between(20 * MS, S);
    m.rtc_ns = between(1700000000, 1800000000) * S + between(0, S);
    clock_wall_start(wall, rtc(&m) / S, m.ns);
    assert_true(wall_wrong_ns(&m, wall) <= S);
    return m;
}

static void test_wall_after_the_first_edge(void **state)
{
    struct clock_wall wall;

    (void)state;
    for (int i = 0; i < NR_MACHINES; i++) {
        struct machine m = with_wall(&wall);
        uint64_t first = wall.offset_ns;

        (void)edge(&m, &wall, between(0, 5 * MS));
        /* At worst the latency, and a disturbed look. */
        assert_true(wall_wrong_ns(&m, &wall) < 50 * MS);
        assert_true((int64_t)(wall.offset_ns - first) >= 0);
        m.busy = 0;
        (void)edge(&m, &wall, between(0, 5 * MS));
        assert_true(wall_wrong_ns(&m, &wall) < 7 * MS);
        /* And never away from there, when most looks are very late. */
        for (int n = 0; n < 200; n++) {
            (void)edge(&m, &wall, between(0, n % 30 ? 900 * MS : 4 * MS));
            assert_true(wall_wrong_ns(&m, &wall) < 7 * MS);
        }
    }
}

/* After a stop there is a look at once, or at the next edge. */
static void test_wall_after_a_stop(void **state)
{
    struct clock_wall wall;

    (void)state;
    for (int i = 0; i < NR_MACHINES; i++) {
        struct machine m = with_wall(&wall);
        uint64_t stopped = between(30 * MS, 100 * S);
        uint64_t second;

        m.busy = 0;
        for (int n = 0; n < 3; n++)
            (void)edge(&m, &wall, between(0, MS));
        m.ns += between(0, 900 * MS);
        second = rtc(&m) / S;
        m.rtc_ns += stopped;
        if (rtc(&m) / S != second) {
            (void)wall_look(&m, &wall);
            assert_true(wall_wrong_ns(&m, &wall) <= S);
        }
        assert_true(edge(&m, &wall, between(0, MS)) ||
                    wall_wrong_ns(&m, &wall) < 5 * MS);
        assert_true(wall_wrong_ns(&m, &wall) < 5 * MS);
    }
}

/* Somebody sets the host's clock back. */
static void test_wall_set_back(void **state)
{
    static const uint64_t back[] = {300 * MS, S, 3600 * S};
    struct clock_wall wall;

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct machine m = with_wall(&wall);

        m.busy = 0;
        for (int n = 0; n < 3; n++)
            (void)edge(&m, &wall, between(0, MS));
        m.rtc_ns -= back[i];
        for (int n = 0; n < 128; n++)
            (void)edge(&m, &wall, between(0, MS));
        assert_true(wall_wrong_ns(&m, &wall) < 7 * MS);
    }
}

/* The monotonic clock is fast or slow by 100 ppm, for an hour. */
static void test_wall_drift(void **state)
{
    struct clock_wall wall;

    (void)state;
    for (int fast = 0; fast < 2; fast++) {
        struct machine m = with_wall(&wall);

        m.busy = 0;
        (void)edge(&m, &wall, between(0, MS));
        for (int second = 0; second < 3600; second++) {
            m.rtc_ns = fast ? m.rtc_ns - 100 * US : m.rtc_ns + 100 * US;
            (void)edge(&m, &wall, between(0, MS));
            assert_true(wall_wrong_ns(&m, &wall) < 15 * MS);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rate_is_found),
        cmocka_unit_test(test_rate_on_a_busy_host),
        cmocka_unit_test(test_rate_after_stops),
        cmocka_unit_test(test_rate_after_a_long_time),
        cmocka_unit_test(test_rate_of_rare_looks),
        cmocka_unit_test(test_rate_follows_the_host),
        cmocka_unit_test(test_rate_of_nonsense),
        cmocka_unit_test(test_rate_that_was_wrong),
        cmocka_unit_test(test_rate_after_an_attack),
        cmocka_unit_test(test_hz),
        cmocka_unit_test(test_bend_is_no_step_back),
        cmocka_unit_test(test_bend_to_the_same),
        cmocka_unit_test(test_wall_after_the_first_edge),
        cmocka_unit_test(test_wall_after_a_stop),
        cmocka_unit_test(test_wall_set_back),
        cmocka_unit_test(test_wall_drift),
    };

    return cmocka_run_group_tests_name("lib/clock", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * The two ends of the bus: how they meet and part, in each order; random walks;
 * and ends that are hostile, which hurt themselves alone.
 */
#include "abi/errors.h"
#include "pvdrivers/env.h"
#include "pvdrivers/error.h"
#include "tests/unit/bus_world.h"
#include "tests/unit/env_host.h"
#include "tests/unit/unit.h"

#define STEP(step) bus_world_step(BUS_##step, 0, 0)
#define ASSERT_STATES(front_state, back_state)                                 \
    do {                                                                       \
        assert_int_equal(bus_front[0].bus.state, PARAPET_BUS_##front_state);   \
        assert_int_equal(bus_back[0].bus.state, PARAPET_BUS_##back_state);     \
    } while (0)

static void connected_pair(void)
{
    bus_world_begin(BUS_NOBODY_HOSTILE);
    bus_world_settle(0);
    ASSERT_STATES(connected, connected);
    assert_true(bus_world_talks(0));
}

static void the_lists_name_each_state_once(void **state)
{
    (void)state;
    assert_int_equal(PARAPET_NR_BUS_STATES, 5);
    assert_int_equal(PARAPET_BUS_closed, 0);
    assert_true(parapet_bus_may(PARAPET_BUS_front, PARAPET_BUS_closed,
                                PARAPET_BUS_offered, PARAPET_BUS_wanted));
    assert_false(parapet_bus_may(PARAPET_BUS_front, PARAPET_BUS_closed,
                                 PARAPET_BUS_closed, PARAPET_BUS_wanted));
    assert_false(parapet_bus_may(PARAPET_BUS_back, PARAPET_BUS_closed,
                                 PARAPET_BUS_offered, PARAPET_BUS_wanted));
    /* Numbers that are none. */
    for (uint32_t odd = PARAPET_NR_BUS_STATES; odd != 0; odd = odd * 2 + 1) {
        assert_false(parapet_bus_may(PARAPET_BUS_back, PARAPET_BUS_closed, odd,
                                     PARAPET_BUS_offered));
        assert_false(
            parapet_bus_sees(PARAPET_BUS_back, PARAPET_BUS_closed, odd));
        assert_false(
            parapet_bus_sees(PARAPET_BUS_back, odd, PARAPET_BUS_closed));
        if (odd == UINT32_MAX)
            break;
    }
}

/* Whoever may move so can see the other there, and comes to a state that its
 * end has. */
static void the_two_lists_agree(void **state)
{
    (void)state;
    for (unsigned int end = 0; end < 2; end++)
        for (uint32_t from = 0; from < PARAPET_NR_BUS_STATES; from++)
            for (uint32_t to = 0; to < PARAPET_NR_BUS_STATES; to++) {
                bool some = false;

                for (uint32_t s = 0; s < PARAPET_NR_BUS_STATES; s++)
                    some |= parapet_bus_may(end, from, s, to) &&
                            parapet_bus_sees(end, from, s);
                if (!some)
                    continue;
                assert_int_not_equal(to, end == PARAPET_BUS_front
                                             ? PARAPET_BUS_offered
                                             : PARAPET_BUS_wanted);
                assert_int_not_equal(from, to);
            }
}

static void a_pair_meets_step_by_step(void **state)
{
    (void)state;
    bus_world_begin(BUS_BACK_HOSTILE); /* so slot 0 has a front-end alone */
    assert_int_equal(bus_front[0].bus.state, PARAPET_BUS_closed);
    bus_world_step(BUS_SAYS, 0, PARAPET_BUS_offered);
    STEP(FRONT_LOOKS);
    assert_int_equal(bus_front[0].bus.state, PARAPET_BUS_wanted);
    assert_int_equal(bus_page->slots[0].front.state, PARAPET_BUS_wanted);
    assert_int_equal(bus_page->slots[0].front.ring, bus_front[0].ref);
    assert_int_equal(bus_page->slots[0].front.port, bus_front[0].port);
    STEP(FRONT_LOOKS);
    assert_int_equal(bus_front[0].bus.state, PARAPET_BUS_wanted);
    bus_world_step(BUS_SAYS, 0, PARAPET_BUS_connected);
    STEP(FRONT_LOOKS);
    assert_int_equal(bus_front[0].bus.state, PARAPET_BUS_connected);
    assert_int_equal(bus_front[0].nr_begun, 1);
    bus_world_end();
}

static void a_front_end_stops_and_goes_on(void **state)
{
    (void)state;
    connected_pair();
    for (unsigned int i = 2; i < 20; i++) {
        STEP(FRONT_STOPS);
        ASSERT_STATES(closing, connected);
        STEP(BACK_LOOKS);
        ASSERT_STATES(closing, closing);
        assert_false(bus_back[0].begun);
        STEP(FRONT_LOOKS);
        STEP(BACK_LOOKS);
        ASSERT_STATES(closed, offered);
        STEP(FRONT_GOES_ON);
        bus_world_settle(0);
        assert_true(bus_world_talks(0));
        assert_int_equal(bus_front[0].nr_begun, i);
    }
    bus_world_end();
    assert_int_equal(bus_front[0].nr_parked, 0);
}

static void a_back_end_stops_and_goes_on(void **state)
{
    (void)state;
    connected_pair();
    for (unsigned int i = 2; i < 20; i++) {
        STEP(BACK_STOPS);
        ASSERT_STATES(connected, closed);
        STEP(FRONT_LOOKS);
        ASSERT_STATES(closed, closed);
        STEP(BACK_GOES_ON);
        bus_world_settle(0);
        assert_true(bus_world_talks(0));
        assert_int_equal(bus_back[0].nr_begun, i);
    }
    bus_world_end();
}

/* It has requests under way: it ends when the last one is done, whoever wants
 * that. */
static void a_busy_back_end_ends_later(void **state)
{
    (void)state;
    connected_pair();
    bus_world_step(BUS_BACK_BUSY, 1, 0);
    STEP(FRONT_STOPS);
    STEP(BACK_LOOKS);
    ASSERT_STATES(closing, connected);
    assert_true(bus_back[0].begun);
    STEP(BACK_BUSY);
    ASSERT_STATES(closing, closing);
    assert_false(bus_back[0].begun);
    STEP(FRONT_GOES_ON);
    bus_world_settle(0);
    bus_world_step(BUS_BACK_BUSY, 1, 0);
    STEP(BACK_STOPS);
    ASSERT_STATES(connected, connected);
    assert_true(bus_world_talks(0));
    STEP(BACK_BUSY);
    ASSERT_STATES(connected, closed);
    bus_world_end();
}

static void a_busy_back_end_breaks_later(void **state)
{
    (void)state;
    bus_world_begin(BUS_FRONT_HOSTILE);
    bus_world_step(BUS_SAYS, 0, PARAPET_BUS_closing);
    STEP(BACK_LOOKS);
    bus_world_step(BUS_SAYS, 0, PARAPET_BUS_closed);
    STEP(BACK_LOOKS);
    bus_world_step(BUS_SAYS, 0, PARAPET_BUS_wanted);
    STEP(BACK_LOOKS);
    assert_int_equal(bus_back[0].bus.state, PARAPET_BUS_connected);
    bus_world_step(BUS_BACK_BUSY, 1, 0);
    bus_world_step(BUS_SAYS, 0, 77);
    STEP(BACK_LOOKS);
    assert_true(bus_back[0].bus.broken);
    assert_true(bus_back[0].begun);
    STEP(BACK_BUSY);
    assert_int_equal(bus_back[0].bus.state, PARAPET_BUS_closed);
    assert_false(bus_back[0].begun);
    bus_world_end();
}

static void a_back_end_dies_and_comes_back(void **state)
{
    (void)state;
    connected_pair();
    for (unsigned int i = 2; i < 20; i++) {
        STEP(BACK_DIES);
        ASSERT_STATES(connected, offered);
        bus_world_settle(0);
        assert_true(bus_world_talks(0));
        assert_int_equal(bus_front[0].nr_begun, i);
    }
    bus_world_end();
    assert_int_equal(bus_front[0].nr_parked, 0);
}

/* It dies before the front-end has seen that it was there. */
static void a_back_end_dies_unseen(void **state)
{
    (void)state;
    bus_world_begin(BUS_NOBODY_HOSTILE);
    for (unsigned int i = 0; i < 3; i++) {
        STEP(BACK_LOOKS);
        if (i < 2)
            STEP(FRONT_LOOKS);
    }
    ASSERT_STATES(wanted, connected);
    STEP(BACK_DIES);
    ASSERT_STATES(wanted, connected);
    assert_int_equal(bus_back[0].nr_begun, 2);
    bus_world_settle(0);
    assert_true(bus_world_talks(0));
    bus_world_end();
}

/* A front-end that begins anew while the old one's ring is still mapped. */
static void a_front_end_begins_again(void **state)
{
    (void)state;
    connected_pair();
    STEP(FRONT_BEGINS);
    ASSERT_STATES(closing, connected);
    bus_world_settle(0);
    assert_true(bus_world_talks(0));
    assert_int_equal(bus_front[0].nr_parked, 1);
    bus_world_end();
}

static void a_refusal_breaks_one_connection(void **state)
{
    (void)state;
    for (unsigned int after = 0; after < 5; after++) {
        bus_world_begin(BUS_NOBODY_HOSTILE);
        STEP(FRONT_STOPS);
        bus_world_settle(0);
        bus_world_settle(1);
        bus_world_step(BUS_REFUSED, (uint8_t)after, 0);
        STEP(FRONT_GOES_ON);
        bus_world_settle(0);
        assert_true(bus_front[0].bus.broken || bus_back[0].bus.broken ||
                    after == 4);
        bus_world_end();
    }
}

/* ---- hostile ends ---- */

static void hostile_back_connects(void)
{
    bus_world_step(BUS_SAYS, 0, PARAPET_BUS_offered);
    STEP(FRONT_LOOKS);
    bus_world_step(BUS_SAYS, 0, PARAPET_BUS_connected);
    STEP(FRONT_LOOKS);
    assert_int_equal(bus_front[0].bus.state, PARAPET_BUS_connected);
}

static void each_odd_state_breaks_it(void **state)
{
    static const uint32_t odd[] = {5, 6, 31, 255, 0x80000000, UINT32_MAX};

    (void)state;
    for (unsigned int i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        bus_world_begin(BUS_FRONT_HOSTILE);
        bus_world_step(BUS_SAYS, 0, PARAPET_BUS_wanted);
        STEP(BACK_LOOKS);
        assert_int_equal(bus_back[0].bus.state, PARAPET_BUS_connected);
        bus_world_step(BUS_SAYS, 0, odd[i]);
        STEP(BACK_LOOKS);
        assert_true(bus_back[0].bus.broken);
        assert_int_equal(bus_back[0].bus.state, PARAPET_BUS_closed);
        /* For ever. */
        bus_world_step(BUS_SAYS, 0, PARAPET_BUS_wanted);
        STEP(BACK_LOOKS);
        STEP(BACK_GOES_ON);
        assert_int_equal(bus_back[0].nr_begun, 1);
        bus_world_end();

        bus_world_begin(BUS_BACK_HOSTILE);
        hostile_back_connects();
        bus_world_step(BUS_SAYS, 0, odd[i]);
        STEP(FRONT_LOOKS);
        assert_true(bus_front[0].bus.broken);
        assert_int_equal(bus_front[0].bus.state, PARAPET_BUS_closing);
        assert_string_equal(env_host_said(),
                            "d1: bus: device 0 of kind 0x80000000 is broken: "
                            "the back-end is in no state that can be");
        bus_world_end();
    }
}

static void a_move_out_of_order_breaks_it(void **state)
{
    (void)state;
    bus_world_begin(BUS_FRONT_HOSTILE);
    bus_world_step(BUS_SAYS, 0, PARAPET_BUS_wanted);
    STEP(BACK_LOOKS);
    bus_world_step(BUS_SAYS, 0, PARAPET_BUS_closed);
    STEP(BACK_LOOKS);
    assert_true(bus_back[0].bus.broken);
    bus_world_end();

    bus_world_begin(BUS_BACK_HOSTILE);
    bus_world_step(BUS_SAYS, 0, PARAPET_BUS_connected);
    STEP(FRONT_LOOKS);
    assert_true(bus_front[0].bus.broken);
    assert_int_equal(bus_front[0].nr_begun, 0);
    bus_world_end();
}

static void rubbish_that_is_lent_breaks_it(void **state)
{
    (void)state;
    bus_world_begin(BUS_FRONT_HOSTILE);
    bus_page->slots[0].front.ring = 31;
    bus_page->slots[0].front.state = PARAPET_BUS_wanted;
    STEP(BACK_LOOKS);
    assert_true(bus_back[0].bus.broken);
    assert_int_equal(bus_back[0].nr_begun, 0);
    assert_string_equal(env_host_said(),
                        "d0: bus: device 0 of kind 0x80000000 of domain 1 is "
                        "broken: its ring or port cannot be had");
    bus_world_end();
}

static void another_device_breaks_it(void **state)
{
    (void)state;
    for (unsigned int word = 0; word < 2; word++) {
        bus_world_begin(BUS_BACK_HOSTILE);
        bus_world_step(BUS_SAYS, 0, PARAPET_BUS_offered);
        ((uint32_t *)&bus_page->slots[0].back)[word]++;
        STEP(FRONT_LOOKS);
        assert_true(bus_front[0].bus.broken);
        assert_int_equal(bus_front[0].bus.state, PARAPET_BUS_closed);
        bus_world_end();
    }
}

/* As when its ring has indices that cannot be. */
static void a_driver_breaks_it(void **state)
{
    (void)state;
    connected_pair();
    env_host_be(BUS_WORLD_BACK);
    bus_back_break(&bus_back[0].bus, "odd requests");
    assert_false(bus_back[0].begun);
    assert_string_equal(env_host_said(),
                        "d0: bus: device 0 of kind 0x80000000 of domain 1 is "
                        "broken: odd requests");
    bus_world_settle(0);
    ASSERT_STATES(closed, closed);
    assert_false(bus_front[0].bus.broken);

    connected_pair();
    env_host_be(BUS_WORLD_FRONT);
    bus_front_break(&bus_front[0].bus, "odd responses");
    bus_world_settle(0);
    ASSERT_STATES(closed, offered);
    assert_false(bus_back[0].bus.broken);
    assert_int_equal(env_host_use(BUS_WORLD_FRONT).lent, 1);
}

static void what_is_kept_stays_lent(void **state)
{
    (void)state;
    bus_world_begin(BUS_BACK_HOSTILE);
    bus_world_step(BUS_SAYS, 0, PARAPET_BUS_offered);
    STEP(FRONT_LOOKS);
    STEP(MAPS);
    bus_world_step(BUS_SAYS, 0, PARAPET_BUS_closed);
    STEP(FRONT_STOPS);
    assert_int_equal(bus_front[0].bus.state, PARAPET_BUS_closed);
    assert_int_equal(bus_front[0].nr_parked, 1);
    bus_world_end();
}

/* The other end's words, while that one keeps to the rules. */
static void own_words_are_never_read_back(void **state)
{
    struct parapet_bus_slot *slot;

    (void)state;
    connected_pair();
    slot = &bus_page->slots[0];
    for (uint32_t word = 0; word <= PARAPET_NR_BUS_STATES; word++) {
        slot->front.state = word;
        slot->front.ring = slot->front.port = word;
        STEP(FRONT_LOOKS);
        ASSERT_STATES(connected, connected);
        STEP(FRONT_STOPS);
        ASSERT_STATES(closing, connected);
        slot->back.state = word;
        slot->back.kind = word;
        STEP(BACK_LOOKS);
        ASSERT_STATES(closing, closing);
        slot->back.kind = BUS_WORLD_KIND;
        STEP(FRONT_GOES_ON);
        bus_world_settle(0);
        assert_true(bus_world_talks(0));
    }
    bus_world_end();
}

static void random_walks(void **state)
{
    uint64_t random = 16;
    uint8_t data[BUS_WORLD_BYTES];

    (void)state;
    for (unsigned int walk = 0; walk < 1500; walk++) {
        for (unsigned int i = 0; i < sizeof(data); i++)
            data[i] = (uint8_t)(unit_random(&random) >> 32);
        data[0] = (uint8_t)walk;
        /* The shorter ones are not yet broken at their ends. */
        bus_world_explore(data, 1 + (walk / 3 * 3) % sizeof(data));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lists_name_each_state_once),
        cmocka_unit_test(the_two_lists_agree),
        cmocka_unit_test(a_pair_meets_step_by_step),
        cmocka_unit_test(a_front_end_stops_and_goes_on),
        cmocka_unit_test(a_back_end_stops_and_goes_on),
        cmocka_unit_test(a_busy_back_end_ends_later),
        cmocka_unit_test(a_busy_back_end_breaks_later),
        cmocka_unit_test(a_back_end_dies_and_comes_back),
        cmocka_unit_test(a_back_end_dies_unseen),
        cmocka_unit_test(a_front_end_begins_again),
        cmocka_unit_test(a_refusal_breaks_one_connection),
        cmocka_unit_test(each_odd_state_breaks_it),
        cmocka_unit_test(a_move_out_of_order_breaks_it),
        cmocka_unit_test(rubbish_that_is_lent_breaks_it),
        cmocka_unit_test(another_device_breaks_it),
        cmocka_unit_test(a_driver_breaks_it),
        cmocka_unit_test(what_is_kept_stays_lent),
        cmocka_unit_test(own_words_are_never_read_back),
        cmocka_unit_test(random_walks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

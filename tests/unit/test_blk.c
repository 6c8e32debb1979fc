/* SPDX-License-Identifier: MIT
 *
 * Both ends of a disk (pvdrivers/blk_front.h, blk_back.h) with each other: what
 * is written is found again, while back-ends go and come, the disk is slow,
 * unordered or fails, and there are no pages, grants or handles.
 */
#include "tests/unit/unit.h"

#include "abi/errors.h"
#include "lib/macros.h"
#include "pvdrivers/error.h"
#include "tests/unit/blk_world.h"
#include "tests/unit/bus_ends.h"
#include "tests/unit/env_host.h"

static struct blk_pair *const pair = &blk_pair[0];

/* All that is under way comes back; then the disk has what it should. */
static void settle_and_check(void)
{
    pair->disk.is_slow = false;
    while (blk_disk_run(&pair->disk, 0))
        ;
    blk_world_settle();
    assert_int_equal(pair->client.nr_under_way, 0);
    blk_client_check(&pair->client, &pair->disk);
}

static void a_disk_is_there(void **state)
{
    (void)state;
    blk_world_begin(BLK_NOBODY, false);
    assert_int_equal(pair->front.bus.state, PARAPET_BUS_connected);
    assert_int_equal(pair->nr_ready, 1);
    assert_int_equal(pair->front.disk.nr_sectors, BLK_DISK_SECTORS);
    assert_int_equal(pair->front.disk.most, 256);
    assert_true(pair->front.disk.can_flush);
    assert_false(pair->front.disk.read_only);
    blk_world_end();
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    for (int in_memory = 0; in_memory < 2; in_memory++) {
        blk_world_begin(BLK_NOBODY, in_memory);
        blk_world_use(pair, 1500);
        settle_and_check();
        assert_true(pair->client.nr_done > 1000);
        blk_world_end();
    }
}

static void a_slow_disk_answers_in_any_order(void **state)
{
    (void)state;
    blk_world_begin(BLK_NOBODY, false);
    pair->disk.is_slow = true;
    pair->client.max_segments = 4;
    blk_world_use(pair, 3000);
    settle_and_check();
    assert_true(pair->client.nr_done > 1000);
    blk_world_end();
}

/* Many requests are told of by one event each way, and the disk hears once. */
static void a_batch_is_told_once(void **state)
{
    unsigned int nr_events = 0;

    (void)state;
    blk_world_begin(BLK_NOBODY, false);
    blk_world_use(pair, 40);
    settle_and_check();
    pair->client.max_segments = 1;
    for (unsigned int round = 0; round < 10; round++) {
        unsigned int kicks = pair->disk.nr_kicks;
        unsigned int before = pair->client.nr_done;

        env_host_be(BLK_WORLD_FRONT);
        while (pair->client.nr_under_way < 32 &&
               blk_client_submit(&pair->client))
            ;
        pair->told = false;
        blk_front_kick(&pair->front);
        env_host_be(BLK_WORLD_BACK);
        pair->back.listener.unmask_at = 0;
        (void)blk_back_serve(&pair->back);
        assert_int_equal(pair->disk.nr_kicks, kicks + 1);
        assert_true(pair->told);
        nr_events++;
        blk_world_settle();
        assert_int_equal(pair->client.nr_done, before + 32);
    }
    assert_int_equal(nr_events, 10);
    blk_world_end();
}

static void errors_are_passed_on(void **state)
{
    unsigned int nr;

    (void)state;
    for (int in_memory = 0; in_memory < 2; in_memory++) {
        blk_world_begin(BLK_NOBODY, in_memory);
        blk_world_use(pair, 100);
        settle_and_check();
        assert_int_equal(pair->client.nr_failed, 0);
        pair->disk.fails = -PV_EIO;
        pair->client.may_fail = true;
        nr = pair->client.nr_done;
        blk_world_use(pair, 100);
        settle_and_check();
        assert_int_equal(pair->client.nr_failed, pair->client.nr_done - nr);
        assert_true(pair->client.nr_failed > 50);
        pair->disk.fails = 0;
        pair->client.may_fail = false;
        blk_world_use(pair, 100);
        settle_and_check();
        blk_world_end();
    }
}

/* A status that the front-end does not know is a failed disk to its owner. */
static void an_odd_status_is_a_failure(void **state)
{
    static const int odd[] = {1,     INT32_MAX,      INT32_MIN,
                              -4096, -PARAPET_EPERM, -PARAPET_EAGAIN};

    (void)state;
    blk_world_begin(BLK_NOBODY, false);
    pair->client.may_fail = true;
    for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
        unsigned int nr = pair->client.nr_failed;

        pair->disk.fails = odd[i];
        blk_world_use(pair, 3);
        settle_and_check();
        assert_true(pair->client.nr_failed > nr);
    }
    assert_false(pair->front.bus.broken);
    pair->disk.fails = 0;
    blk_world_end();
}

static void a_back_end_goes_and_comes(void **state)
{
    (void)state;
    for (int in_memory = 0; in_memory < 2; in_memory++) {
        blk_world_begin(BLK_NOBODY, in_memory);
        for (unsigned int i = 0; i < 25; i++) {
            unsigned int nr = pair->client.nr_done;

            pair->disk.is_slow = !in_memory && i % 3 != 0;
            blk_world_use(pair, 30);
            blk_world_stop_back(pair);
            if (i % 2 == 0)
                blk_world_use(pair, 5); /* to nobody */
            blk_world_start_back(pair);
            blk_world_use(pair, 30);
            assert_true(pair->client.nr_done > nr);
        }
        settle_and_check();
        assert_true(pair->nr_ready >= 20);
        blk_world_end();
    }
}

/* What was under way is kept; and the owner is told when there is room. */
static void a_front_end_stops_and_goes_on(void **state)
{
    (void)state;
    blk_world_begin(BLK_NOBODY, false);
    pair->disk.is_slow = true;
    blk_world_use(pair, 20);
    assert_true(pair->client.nr_under_way > 0);
    env_host_be(BLK_WORLD_FRONT);
    (void)blk_front_stop(&pair->front);
    blk_world_settle();
    /* The back-end waits for its disk. */
    assert_int_equal(pair->front.bus.state, PARAPET_BUS_closing);
    assert_int_equal(pair->back.bus.state, PARAPET_BUS_connected);
    while (blk_disk_run(&pair->disk, 1))
        ;
    blk_world_settle();
    assert_int_equal(pair->front.bus.state, PARAPET_BUS_closed);
    assert_int_equal(env_host_use(BLK_WORLD_BACK).held, 0);
    env_host_be(BLK_WORLD_FRONT);
    assert_false(blk_client_submit(&pair->client));
    (void)blk_front_go_on(&pair->front);
    settle_and_check();
    assert_int_equal(pair->nr_ready, 2);
    blk_world_end();
}

/* With what is under way: it fails, since nobody will ask again. */
static void a_front_end_ends(void **state)
{
    (void)state;
    blk_world_begin(BLK_NOBODY, false);
    pair->disk.is_slow = true;
    blk_world_use(pair, 20);
    assert_true(pair->client.nr_under_way > 0);
    env_host_be(BLK_WORLD_FRONT);
    assert_int_equal(blk_front_end(&pair->front), -PARAPET_EBUSY);
    blk_world_end();
}

/* Another identity or size is offered, and it is this life that is refused. */
static void offer_another(uint64_t identity, bool read_only)
{
    blk_world_stop_back(pair);
    pair->disk.store.disk.identity = identity;
    pair->disk.store.disk.read_only = read_only;
    blk_world_start_back(pair);
    blk_world_settle();
    assert_false(pair->front.bus.broken || pair->back.bus.broken);
}

static void assert_refused(unsigned int nr_ready)
{
    const struct parapet_bus_slot *slot = &blk_page->slots[0];

    assert_int_equal(pair->front.bus.state, PARAPET_BUS_closed);
    assert_int_equal(pair->back.bus.state, PARAPET_BUS_offered);
    assert_int_equal(slot->front.parameters[PARAPET_BLK_FRONT_REFUSES],
                     slot->back.life);
    assert_int_equal(pair->nr_ready, nr_ready);
}

/* While requests wait for the old one, or its owner has a use for it. Then the
 * old one goes on, or the new one is taken. */
static void another_disk_is_refused_while_in_use(void **state)
{
    (void)state;
    blk_world_begin(BLK_NOBODY, false);
    pair->disk.is_slow = true;
    pair->may_be_replaced = true;
    blk_world_stop_back(pair);
    blk_world_use(pair, 5); /* to nobody: the front-end has not looked */
    assert_true(pair->client.nr_under_way > 0);
    offer_another(7, false);
    assert_refused(1);
    offer_another(0, true);
    assert_refused(1);
    offer_another(0, false);
    assert_int_equal(pair->nr_ready, 2);
    pair->disk.is_slow = false;
    settle_and_check();
    pair->may_be_replaced = false;
    offer_another(7, false);
    assert_refused(2);
    assert_int_equal(pair->nr_replaced, 0);
    pair->may_be_replaced = true;
    env_host_be(BLK_WORLD_FRONT);
    (void)blk_front_look(&pair->front);
    blk_world_settle();
    assert_int_equal(pair->nr_ready, 3);
    assert_int_equal(pair->front.disk.identity, 7);
    blk_world_use(pair, 50);
    settle_and_check();
    blk_world_end();
}

/* All are honest: the domain is paused after it has said wanted. */
static void another_disk_comes_while_one_is_wanted(void **state)
{
    (void)state;
    blk_world_begin(BLK_NOBODY, false);
    pair->may_be_replaced = true;
    blk_world_stop_back(pair);
    blk_world_settle();
    assert_int_equal(pair->front.bus.state, PARAPET_BUS_closed);
    blk_world_start_back(pair);
    env_host_be(BLK_WORLD_FRONT);
    (void)blk_front_look(&pair->front);
    assert_int_equal(pair->front.bus.state, PARAPET_BUS_wanted);
    blk_world_stop_back(pair);
    pair->disk.store.disk.identity = 7;
    blk_world_start_back(pair);
    blk_world_settle();
    assert_false(pair->front.bus.broken);
    blk_world_end();
}

static void a_disk_that_is_read_only(void **state)
{
    (void)state;
    blk_world_begin(BLK_NOBODY, false);
    blk_world_stop_back(pair);
    pair->front.has_disk = false; /* as if it were the first one */
    pair->disk.store.disk.read_only = true;
    blk_world_start_back(pair);
    blk_world_settle();
    assert_true(pair->front.disk.read_only);
    pair->client.may_fail = true;
    blk_world_use(pair, 100);
    settle_and_check();
    for (uint32_t i = 0; i < BLK_DISK_SECTORS; i++)
        assert_int_equal(pair->client.generation[i], 0);
    assert_true(pair->client.nr_failed > 0);
    assert_true(pair->client.nr_done > pair->client.nr_failed);
    blk_world_end();
}

/* Neither is it told of a flush that nobody needs, nor of discards. */
static void a_disk_that_can_do_little(void **state)
{
    (void)state;
    blk_world_begin(BLK_NOBODY, false);
    blk_world_stop_back(pair);
    pair->front.has_disk = false;
    pair->disk.store.disk.can_flush = false;
    pair->disk.store.disk.can_discard = false;
    blk_world_start_back(pair);
    blk_world_settle();
    pair->client.may_fail = true;
    blk_world_use(pair, 200);
    settle_and_check();
    assert_true(pair->client.nr_failed > 0); /* the discards */
    assert_true(pair->disk.nr_done <
                pair->client.nr_done - pair->client.nr_failed);
    blk_world_end();
}

static void a_request_that_is_too_long(void **state)
{
    struct blk_request wish = {.nr_segments = PARAPET_BLK_PARTS + 1};

    (void)state;
    blk_world_begin(BLK_NOBODY, false);
    env_host_be(BLK_WORLD_FRONT);
    assert_int_equal(blk_front_submit(&pair->front, &wish), -PARAPET_EINVAL);
    blk_world_end();
}

/* Domain 0 has no handle left, again and again: the requests wait. */
static void handles_run_out(void **state)
{
    (void)state;
    blk_world_begin(BLK_NOBODY, false);
    for (unsigned int i = 0; i < 200; i++) {
        env_host_refuse_after((unsigned int)(unit_random(&pair->random) % 40));
        blk_world_use(pair, 3);
    }
    env_host_refuse_after(UINT32_MAX);
    settle_and_check();
    assert_true(pair->client.nr_done > 200);
    assert_int_equal(pair->client.nr_failed, 0);
    blk_world_end();
}

/* And never has one again: they fail, some day. */
static void handles_never_come(void **state)
{
    (void)state;
    blk_world_begin(BLK_NOBODY, false);
    pair->client.may_fail = true;
    pair->client.max_segments = 4;
    env_host_be(BLK_WORLD_FRONT);
    while (pair->client.nr_under_way < 4)
        (void)blk_client_submit(&pair->client);
    blk_front_kick(&pair->front);
    for (unsigned int i = 0; pair->client.nr_under_way > 0; i++) {
        assert_true(i < 5000);
        env_host_refuse_after(0);
        env_host_be(BLK_WORLD_BACK);
        (void)blk_back_serve(&pair->back);
        env_host_be(BLK_WORLD_FRONT);
        blk_front_serve(&pair->front);
    }
    env_host_refuse_after(UINT32_MAX);
    assert_false(pair->front.bus.broken);
    assert_int_equal(pair->client.nr_failed, 1);
    pair->client.may_fail = false;
    blk_world_use(pair, 100);
    settle_and_check();
    blk_world_end();
}

/* Of all that an end asks for at its begin, each is refused once: either it
 * breaks, and the other pair does not notice, or it works. */
static void beginnings_are_refused(void **state)
{
    (void)state;
    for (unsigned int nr = 0; nr < 40; nr++) {
        blk_world_begin(BLK_NOBODY, false);
        blk_world_stop_back(pair);
        blk_world_settle();
        env_host_be(BLK_WORLD_BACK);
        env_host_refuse_after(nr);
        if (blk_back_begin(&pair->back) == -PARAPET_ENOMEM) {
            blk_world_start_back(pair);
            env_host_refuse_after(UINT32_MAX);
        }
        blk_world_settle();
        env_host_refuse_after(UINT32_MAX);
        pair->client.may_fail = pair->front.bus.broken || pair->back.bus.broken;
        blk_world_use(pair, 20);
        blk_world_use(&blk_pair[1], 20);
        blk_world_settle();
        assert_true(blk_pair[1].client.nr_done > 10);
        if (!pair->client.may_fail)
            assert_true(pair->client.nr_done > 10);
        blk_world_end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_disk_is_there),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_slow_disk_answers_in_any_order),
        cmocka_unit_test(a_batch_is_told_once),
        cmocka_unit_test(errors_are_passed_on),
        cmocka_unit_test(an_odd_status_is_a_failure),
        cmocka_unit_test(a_back_end_goes_and_comes),
        cmocka_unit_test(a_front_end_stops_and_goes_on),
        cmocka_unit_test(a_front_end_ends),
        cmocka_unit_test(another_disk_is_refused_while_in_use),
        cmocka_unit_test(another_disk_comes_while_one_is_wanted),
        cmocka_unit_test(a_disk_that_is_read_only),
        cmocka_unit_test(a_disk_that_can_do_little),
        cmocka_unit_test(a_request_that_is_too_long),
        cmocka_unit_test(handles_run_out),
        cmocka_unit_test(handles_never_come),
        cmocka_unit_test(beginnings_are_refused),
    };

    return cmocka_run_group_tests_name("blk", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * A front-end and a back-end of a disk that mean harm, each beside an honest
 * pair: whatever stands in requests, answers, indices and parameters, they hurt
 * their own connection alone.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "abi/errors.h"
#include "lib/macros.h"
#include "pvdrivers/error.h"
#include "tests/unit/blk_hostile.h"
#include "tests/unit/env_host.h"

static struct blk_pair *const pair = &blk_pair[0];

/* The other pair goes on. */
static void check_other(void)
{
    unsigned int nr = blk_pair[1].client.nr_done;

    blk_world_use(&blk_pair[1], 30);
    blk_world_settle();
    assert_true(blk_pair[1].client.nr_done > nr + 10);
    assert_int_equal(blk_pair[1].client.nr_failed, 0);
    blk_client_check(&blk_pair[1].client, &blk_pair[1].disk);
}

/* ---- the front-end ---- */

/* The answer to a request, and nothing is left of it. */
static int ask(const struct parapet_blk_request *request)
{
    uint32_t id = ~request->id;
    int status;

    hostile_front_puts(request);
    blk_world_settle();
    status = hostile_front_hears(&id);
    assert_int_equal(id, request->id);
    assert_int_equal(env_host_use(BLK_WORLD_BACK).held, 0);
    assert_int_equal(pair->back.nr_held, 0);
    assert_false(pair->back.bus.broken);
    return status;
}

#define WHOLE PARAPET_BLK_PART(0, 8)

static void connected_front(bool in_memory)
{
    blk_world_begin(BLK_FRONT, in_memory);
    hostile_front_connects();
    assert_int_equal(pair->back.bus.state, PARAPET_BUS_connected);
}

/* All parts are the same, of the pages from a reference on. */
static int ask_parts(uint16_t operation, unsigned int nr, uint8_t part,
                     uint32_t ref)
{
    struct parapet_blk_request request = {.operation = operation,
                                          .nr_parts = (uint16_t)nr,
                                          .ref = ref,
                                          .id = 0x12345678 * nr};

    memset(request.parts, part, sizeof(request.parts));
    return ask(&request);
}

/* Each byte that is no part, in each place. */
static void parts_are_forged(void **state)
{
    (void)state;
    for (int in_memory = 0; in_memory < 2; in_memory++) {
        struct parapet_blk_request request = {.nr_parts = 20};
        unsigned int nr_good = 0;

        connected_front(in_memory);
        request.ref = hostile_front.ref;
        for (unsigned int part = 0; part < 256; part++) {
            unsigned int first = part % 16, nr = part / 16;
            bool is_good = nr >= 1 && first + nr <= 8;

            memset(request.parts, WHOLE, sizeof(request.parts));
            request.parts[part % 20] = (uint8_t)part;
            request.operation = part % 2 ? PARAPET_BLK_READ : PARAPET_BLK_WRITE;
            assert_int_equal(ask(&request), is_good ? 0 : -PARAPET_EINVAL);
            assert_int_equal(ask_parts(PARAPET_BLK_READ, 1, (uint8_t)part,
                                       hostile_front.ref),
                             is_good ? 0 : -PARAPET_EINVAL);
            nr_good += is_good;
        }
        assert_int_equal(nr_good, 36);
        check_other();
        blk_world_end();
    }
}

static void counts_and_operations_are_forged(void **state)
{
    static const unsigned int counts[] = {
        0, PARAPET_BLK_PARTS + 1, 41, 255, 0x8000, 0xffff};

    (void)state;
    for (int in_memory = 0; in_memory < 2; in_memory++) {
        uint32_t ref;

        connected_front(in_memory);
        ref = hostile_front.ref;
        for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
            assert_int_equal(ask_parts(PARAPET_BLK_READ, counts[i],
                                       PARAPET_BLK_PART(0, 1), ref),
                             -PARAPET_EINVAL);
        for (unsigned int op = PARAPET_BLK_DISCARD + 1; op < 0x10000;
             op = op * 2)
            assert_int_equal(ask_parts((uint16_t)op, 1, WHOLE, ref),
                             -PV_EOPNOTSUPP);
        assert_int_equal(ask_parts(PARAPET_BLK_FLUSH, 1, WHOLE, ref),
                         -PARAPET_EINVAL);
        assert_int_equal(ask_parts(PARAPET_BLK_FLUSH, 0, WHOLE, ref), 0);
        /* The longest; and more than the disk takes in one. */
        assert_int_equal(ask_parts(PARAPET_BLK_READ, PARAPET_BLK_PARTS,
                                   PARAPET_BLK_PART(3, 5), ref),
                         0);
        assert_int_equal(
            ask_parts(PARAPET_BLK_WRITE, PARAPET_BLK_PARTS - 1, WHOLE, ref), 0);
        assert_int_equal(
            ask_parts(PARAPET_BLK_WRITE, PARAPET_BLK_PARTS, WHOLE, ref),
            -PARAPET_EINVAL);
        check_other();
        blk_world_end();
    }
}

static void sectors_are_forged(void **state)
{
    static const uint64_t odd[] = {BLK_DISK_SECTORS - 7, BLK_DISK_SECTORS,
                                   UINT32_MAX,           1ull << 55,
                                   UINT64_MAX - 7,       UINT64_MAX};

    (void)state;
    for (int in_memory = 0; in_memory < 2; in_memory++) {
        struct parapet_blk_request request = {.nr_parts = 1, .parts = {WHOLE}};

        connected_front(in_memory);
        request.ref = hostile_front.ref;
        for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
            request.sector = odd[i];
            request.operation = PARAPET_BLK_READ;
            assert_int_equal(ask(&request), -PARAPET_EINVAL);
            request.operation = PARAPET_BLK_WRITE;
            assert_int_equal(ask(&request), -PARAPET_EINVAL);
        }
        request.sector = BLK_DISK_SECTORS - 8;
        assert_int_equal(ask(&request), 0);
        check_other();
        blk_world_end();
    }
}

static void discards_are_forged(void **state)
{
    static const uint32_t odd[] = {0, 129, 1u << 31, UINT32_MAX};
    struct parapet_blk_request request = {.operation = PARAPET_BLK_DISCARD};

    (void)state;
    connected_front(false);
    for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
        request.nr_sectors = odd[i];
        assert_int_equal(ask(&request), -PARAPET_EINVAL);
    }
    request.nr_sectors = 128;
    assert_int_equal(ask(&request), 0);
    request.sector = BLK_DISK_SECTORS - 127;
    assert_int_equal(ask(&request), -PARAPET_EINVAL);
    request.sector = 0;
    request.nr_parts = 1;
    assert_int_equal(ask(&request), -PARAPET_EINVAL);
    check_other();
    blk_world_end();
}

/* Blocks of the disk are larger: pieces of them are not for it. */
static void pieces_of_blocks_are_refused(void **state)
{
    struct parapet_blk_request request = {.nr_parts = 1, .parts = {WHOLE}};

    (void)state;
    blk_world_begin(BLK_FRONT, false);
    pair->disk.store.disk.block_size = 4096;
    hostile_front_connects();
    request.ref = hostile_front.ref;
    assert_int_equal(ask(&request), 0);
    request.sector = 4;
    assert_int_equal(ask(&request), -PARAPET_EINVAL);
    request.sector = 0;
    request.parts[0] = PARAPET_BLK_PART(0, 4);
    assert_int_equal(ask(&request), -PARAPET_EINVAL);
    blk_world_end();
}

static void references_are_forged(void **state)
{
    (void)state;
    for (int in_memory = 0; in_memory < 2; in_memory++) {
        uint32_t ref;

        connected_front(in_memory);
        ref = hostile_front.read_only;
        assert_int_equal(ask_parts(PARAPET_BLK_READ, 1, WHOLE, ref),
                         -PARAPET_EPERM);
        assert_int_equal(ask_parts(PARAPET_BLK_WRITE, 1, WHOLE, ref), 0);
        /* The last of the pages are not lent so, or not at all. */
        assert_int_equal(ask_parts(PARAPET_BLK_READ, 6, WHOLE, ref - 5),
                         -PARAPET_EPERM);
        assert_int_equal(ask_parts(PARAPET_BLK_WRITE, 6, WHOLE, ref - 5), 0);
        assert_int_equal(ask_parts(PARAPET_BLK_WRITE, 32, WHOLE, ref - 5),
                         -PARAPET_EPERM);
        for (ref = 900; ref != 0; ref *= 2)
            assert_int_equal(ask_parts(PARAPET_BLK_READ, 9, WHOLE, ref),
                             -PARAPET_EPERM);
        assert_int_equal(ask_parts(PARAPET_BLK_READ, 9, WHOLE, UINT32_MAX - 3),
                         -PARAPET_EPERM);
        /* The ring itself: what is read is what the next requests are. */
        ref = blk_page->slots[0].front.ring;
        (void)ask_parts(PARAPET_BLK_WRITE, 1, WHOLE, ref);
        check_other();
        blk_world_end();
    }
}

/* One page, wherever in the request, is not lent: the others are let go. */
static void some_references_are_forged(void **state)
{
    (void)state;
    for (int in_memory = 0; in_memory < 2; in_memory++) {
        connected_front(in_memory);
        env_host_be(BLK_WORLD_FRONT);
        assert_true(env_take_back(hostile_front.ref + 10));
        for (uint32_t at = 0; at <= 10; at++)
            assert_int_equal(
                ask_parts(PARAPET_BLK_READ, 20, WHOLE, hostile_front.ref + at),
                -PARAPET_EPERM);
        assert_int_equal(
            ask_parts(PARAPET_BLK_READ, 20, WHOLE, hostile_front.ref + 11), 0);
        check_other();
        blk_world_end();
    }
}

#define BAD_RING "its ring's words cannot be true"

static void check_front_let_go(const char *why)
{
    char said[160];

    (void)snprintf(said, sizeof(said),
                   "d0: bus: device 0 of kind 0x1 of domain 1 is broken: %s",
                   why);
    assert_true(pair->back.bus.broken);
    assert_int_equal(pair->back.bus.state, PARAPET_BUS_closed);
    assert_string_equal(env_host_said(), said);
    assert_int_equal(env_host_use(BLK_WORLD_BACK).held, 0);
    assert_int_equal(env_host_use(BLK_WORLD_BACK).mapped, 1); /* the other's */
}

static void an_index_is_forged(void **state)
{
    static const uint32_t odd[] = {33, 0x7fffffff, 0x80000000, UINT32_MAX};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
        connected_front(false);
        hostile_front.page->req_prod = odd[i];
        blk_world_settle();
        check_front_let_go(BAD_RING);
        check_other();
        blk_world_end();
    }
}

/* With requests at the disk: it breaks at once, and lets go when they are back.
 */
static void an_index_is_forged_meanwhile(void **state)
{
    struct parapet_blk_request request = {.nr_parts = 1, .parts = {WHOLE}};

    (void)state;
    connected_front(false);
    pair->disk.is_slow = true;
    request.ref = hostile_front.ref;
    hostile_front_puts(&request);
    hostile_front_puts(&request);
    blk_world_settle();
    assert_int_equal(pair->back.nr_under_way, 2);
    hostile_front.page->req_prod += 100;
    hostile_front.page->req_event = 0;
    env_host_be(BLK_WORLD_FRONT);
    env_port_send(hostile_front.port);
    blk_world_settle();
    assert_true(pair->back.bus.broken);
    assert_int_equal(pair->back.bus.state, PARAPET_BUS_connected);
    assert_int_equal(env_host_use(BLK_WORLD_BACK).held, 2);
    check_other();
    assert_true(blk_disk_run(&pair->disk, 0));
    blk_world_settle();
    assert_int_equal(pair->back.bus.state, PARAPET_BUS_connected);
    assert_true(blk_disk_run(&pair->disk, 0));
    blk_world_settle();
    check_front_let_go(BAD_RING);
    blk_world_end();
}

static void front_says(uint32_t state)
{
    __atomic_store_n(&blk_page->slots[0].front.state, state, __ATOMIC_SEQ_CST);
    env_host_be(BLK_WORLD_BACK);
    (void)blk_back_look(&pair->back);
    blk_world_settle();
}

/* It takes back that it closes, while a request is at the disk. Nobody is woken
 * for it any more when that is done. */
static void it_closes_and_does_not(void **state)
{
    static const uint32_t then[] = {PARAPET_BUS_connected, PARAPET_BUS_wanted};
    struct parapet_blk_request request = {.nr_parts = 1, .parts = {WHOLE}};

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(then); i++) {
        connected_front(false);
        pair->disk.is_slow = true;
        request.ref = hostile_front.ref;
        hostile_front_puts(&request);
        blk_world_settle();
        front_says(PARAPET_BUS_closing);
        assert_false(pair->back.bus.broken);
        front_says(then[i]);
        assert_true(pair->back.bus.broken);
        assert_int_equal(pair->back.bus.state, PARAPET_BUS_connected);
        hostile_front_puts(&request);
        assert_true(blk_disk_run(&pair->disk, 0));
        blk_world_settle();
        check_front_let_go("the front-end is in no state that can be");
        assert_false(pair->back.ends);
        assert_false(blk_back_has_news(&pair->back));
        check_other();
        blk_world_end();
    }
}

/* What is held stays what it was: the entry is only words meanwhile. */
static void a_reference_is_revoked_in_flight(void **state)
{
    struct parapet_blk_request request = {.nr_parts = 1, .parts = {WHOLE}};
    uint32_t id;

    (void)state;
    connected_front(false);
    pair->disk.is_slow = true;
    memset(pair->disk.bytes, 0x77, 4096);
    request.ref = hostile_front.ref;
    hostile_front_puts(&request);
    blk_world_settle();
    env_host_be(BLK_WORLD_FRONT);
    assert_false(env_take_back(hostile_front.ref));
    assert_true(blk_disk_run(&pair->disk, 0));
    assert_int_equal(hostile_front.data[0][4095], 0x77);
    blk_world_settle();
    assert_int_equal(hostile_front_hears(&id), 0);
    assert_int_equal(env_host_use(BLK_WORLD_BACK).held, 0);
    env_host_be(BLK_WORLD_FRONT);
    assert_true(env_take_back(hostile_front.ref));
    assert_int_equal(ask(&request), -PARAPET_EPERM);
    blk_world_end();
}

/* It has no more frames held than it may, and none of the other's. */
static void it_asks_for_all_at_once(void **state)
{
    struct parapet_blk_request request = {.nr_parts = PARAPET_BLK_PARTS};

    (void)state;
    connected_front(false);
    pair->disk.is_slow = true;
    request.ref = hostile_front.ref;
    memset(request.parts, PARAPET_BLK_PART(0, 7), sizeof(request.parts));
    for (unsigned int i = 0; i < PARAPET_BLK_REQUESTS; i++)
        hostile_front_puts(&request);
    blk_world_settle();
    assert_in_range(env_host_use(BLK_WORLD_BACK).held, 200, BLK_BACK_HELD);
    check_other();
    for (unsigned int nr = 0, i = 0; nr < PARAPET_BLK_REQUESTS && i < 1000;
         i++) {
        uint32_t id;

        (void)blk_disk_run(&pair->disk, i);
        blk_world_settle();
        while (hostile_front_hears(&id) == 0)
            nr++;
        assert_true(i < 999 || nr == PARAPET_BLK_REQUESTS);
    }
    assert_int_equal(env_host_use(BLK_WORLD_BACK).held, 0);
    blk_world_end();
}

static void a_wish_is_refused(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 3; i++) {
        struct parapet_bus_front *front;

        blk_world_begin(BLK_FRONT, false);
        front = &blk_page->slots[0].front;
        pair->back.bus.stops = true; /* it does not look yet */
        hostile_front_connects();
        if (i == 0)
            front->parameters[PARAPET_BLK_FRONT_VERSION]++;
        else if (i == 1)
            front->ring = 900;
        else
            front->port = 30;
        env_host_be(BLK_WORLD_BACK);
        pair->back.bus.stops = false;
        (void)blk_back_look(&pair->back);
        assert_true(pair->back.bus.broken);
        assert_int_equal(env_host_use(BLK_WORLD_BACK).mapped, 1);
        check_other();
        blk_world_end();
    }
}

/* ---- the back-end ---- */

static const struct blk_disk usual = {.nr_sectors = BLK_DISK_SECTORS,
                                      .block_size = 512,
                                      .most = 256,
                                      .can_flush = true};

/* So many requests of one page are under way. */
static void connected_back(unsigned int nr)
{
    blk_world_begin(BLK_BACK, false);
    memset(&hostile_back, 0, sizeof(hostile_back));
    hostile_back_offers(&usual);
    hostile_back_connects();
    assert_int_equal(pair->front.bus.state, PARAPET_BUS_connected);
    pair->client.may_fail = true;
    pair->client.max_segments = 1;
    env_host_be(BLK_WORLD_FRONT);
    while (pair->client.nr_under_way < nr)
        assert_true(blk_client_submit(&pair->client));
    blk_front_kick(&pair->front);
}

/* All that could be, has failed; and the other pair goes on. */
static void check_broken(const char *why)
{
    char said[160];

    blk_world_settle();
    assert_true(pair->front.bus.broken);
    (void)snprintf(said, sizeof(said),
                   "d1: bus: device 0 of kind 0x1 is broken: %s", why);
    assert_string_equal(env_host_said(), said);
    assert_int_equal(pair->client.nr_under_way, 0);
    check_other();
    hostile_back_lets_go();
    blk_world_end();
}

static void an_answer_is_forged(void **state)
{
    static const uint32_t odd[] = {PARAPET_BLK_REQUESTS, UINT32_MAX, 0x80000000,
                                   5};
    struct parapet_blk_request request;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
        connected_back(3);
        assert_true(hostile_back_takes(&request));
        hostile_back_answers(odd[i], 0);
        check_broken("it answers what was not asked");
        assert_int_equal(pair->client.nr_failed, 3);
    }
}

static void an_answer_comes_twice(void **state)
{
    struct parapet_blk_request request;

    (void)state;
    connected_back(3);
    assert_true(hostile_back_takes(&request));
    hostile_back_answers(request.id, -PV_EIO);
    blk_world_settle();
    assert_int_equal(pair->client.nr_failed, 1);
    assert_false(pair->front.bus.broken);
    {
        uint32_t id = request.id;

        assert_true(hostile_back_takes(&request));
        hostile_back_answers(id, -PV_EIO);
    }
    check_broken("it answers what was not asked");
    assert_int_equal(pair->client.nr_failed, 3);
}

static void a_response_index_is_forged(void **state)
{
    static const uint32_t odd[] = {4, 33, 0x80000000, UINT32_MAX};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
        struct parapet_ring *page;

        connected_back(3);
        page = hostile_back.loan.page;
        page->rsp_prod = odd[i];
        env_host_be(BLK_WORLD_BACK);
        env_port_send((uint32_t)hostile_back.port);
        check_broken("its ring's words cannot be true");
    }
}

/* It answers, and keeps the page: that one is nobody's to use again until it
 * lets go, and its request is not done. */
static void a_page_is_kept(void **state)
{
    uint64_t maddr;
    struct parapet_grant_run hold = {.domain = BLK_WORLD_FRONT,
                                     .flags = PARAPET_GRANT_READONLY,
                                     .nr = 1,
                                     .maddrs = (uint64_t)&maddr};
    struct parapet_grant_unmap release;
    struct parapet_blk_request request;

    (void)state;
    connected_back(4);
    do {
        assert_true(hostile_back_takes(&request));
    } while (request.nr_parts == 0);
    hold.ref = request.ref;
    env_host_be(BLK_WORLD_BACK);
    env_hold_run(&hold, 1);
    assert_int_equal(hold.status, 0);
    hostile_back_answers(request.id, 0);
    blk_world_settle();
    assert_true(pair->front.bus.broken);
    assert_int_equal(pair->client.nr_under_way, 1);
    assert_int_equal(pair->client.nr_failed, 3);
    env_host_be(BLK_WORLD_FRONT);
    (void)blk_front_look(&pair->front);
    assert_int_equal(pair->client.nr_under_way, 1);
    assert_int_equal(blk_front_end(&pair->front), -PARAPET_EBUSY);
    env_host_be(BLK_WORLD_BACK);
    release.handle = hold.handle;
    env_release(&release, 1);
    env_host_be(BLK_WORLD_FRONT);
    (void)blk_front_look(&pair->front);
    check_broken("it has answered, and keeps a page");
}

static void a_disk_cannot_be_so(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 8; i++) {
        struct blk_disk disk = usual;

        switch (i) {
        case 0:
            disk.nr_sectors = UINT64_MAX;
            break;
        case 1:
            disk.nr_sectors = (UINT64_MAX >> 9) + 1;
            break;
        case 2:
            disk.block_size = 0;
            break;
        case 3:
            disk.block_size = 8192;
            break;
        case 4:
            disk.block_size = 1536;
            break;
        case 5:
            disk.most = 7;
            break;
        case 6:
            disk.block_size = 256;
            break;
        default:
            disk.can_discard = true;
            break;
        }
        blk_world_begin(BLK_BACK, false);
        memset(&hostile_back, 0, sizeof(hostile_back));
        hostile_back_offers(&disk);
        hostile_back_connects();
        assert_int_equal(pair->nr_ready, 0);
        check_broken("its parameters are refused");
    }
}

/* Where it was before the front-end takes another one it is refused, and
 * nothing breaks: test_blk.c. */
static void a_disk_becomes_another_one(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 3; i++) {
        struct blk_disk disk = usual;

        connected_back(4);
        hostile_back_lets_go();
        blk_page->slots[0].back.state = PARAPET_BUS_closed;
        env_host_be(BLK_WORLD_FRONT);
        (void)blk_front_look(&pair->front);
        assert_int_equal(pair->front.bus.state, PARAPET_BUS_closed);
        hostile_back_offers(&usual);
        assert_int_equal(pair->front.bus.state, PARAPET_BUS_wanted);
        disk.nr_sectors /= i == 0 ? 2 : 1;
        disk.identity = i == 1;
        disk.read_only = i == 2;
        blk_disk_tell(&disk, blk_page->slots[0].back.parameters);
        hostile_back_connects();
        assert_int_equal(pair->nr_ready, 1);
        assert_int_equal(
            blk_front_submit(&pair->front, &(struct blk_request){0}), -PV_EIO);
        check_broken("its parameters are refused");
    }
}

/* ---- at random ---- */

static void random_ends(void **state)
{
    uint64_t random = 11;
    uint8_t data[BLK_EXPLORE_BYTES];

    (void)state;
    for (unsigned int walk = 0; walk < 400; walk++) {
        for (size_t i = 0; i < sizeof(data); i++)
            data[i] = (uint8_t)(unit_random(&random) >> 24);
        blk_explore(walk % 2 ? BLK_BACK : BLK_FRONT, data,
                    1 + walk % sizeof(data) * 2 % sizeof(data));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_forged),
        cmocka_unit_test(counts_and_operations_are_forged),
        cmocka_unit_test(sectors_are_forged),
        cmocka_unit_test(discards_are_forged),
        cmocka_unit_test(pieces_of_blocks_are_refused),
        cmocka_unit_test(references_are_forged),
        cmocka_unit_test(some_references_are_forged),
        cmocka_unit_test(an_index_is_forged),
        cmocka_unit_test(an_index_is_forged_meanwhile),
        cmocka_unit_test(it_closes_and_does_not),
        cmocka_unit_test(a_reference_is_revoked_in_flight),
        cmocka_unit_test(it_asks_for_all_at_once),
        cmocka_unit_test(a_wish_is_refused),
        cmocka_unit_test(an_answer_is_forged),
        cmocka_unit_test(an_answer_comes_twice),
        cmocka_unit_test(a_response_index_is_forged),
        cmocka_unit_test(a_page_is_kept),
        cmocka_unit_test(a_disk_cannot_be_so),
        cmocka_unit_test(a_disk_becomes_another_one),
        cmocka_unit_test(random_ends),
    };

    return cmocka_run_group_tests_name("blk_hostile", tests, NULL, NULL);
}

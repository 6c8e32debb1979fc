/* SPDX-License-Identifier: MIT
 *
 * guest-kernel/block/block.c: devices by name; what is refused before a device
 * sees it; requests that find no room keep their order; who is told when.
 */
#include "tests/unit/unit.h"

#include <setjmp.h>
#include <string.h>

#include "guest-kernel/block/block.h"
#include "guest-kernel/core/panic.h"
#include "guest-kernel/errno.h"
#include "lib/macros.h"

#define PAGE 0x1000u
#define NR_SECTORS 1000u
#define MAX_TAKEN 16

bool irqflag_on;

/* ---- a device with so much room ---- */

static unsigned int room, nr_taken, nr_kicks;
static uint64_t sectors_taken; /* of the last one */
static struct block_request *taken[MAX_TAKEN];
static unsigned int nr_done;
static struct block_request *last_done;
static jmp_buf after_bug;

void panic(const char *format, ...)
{
    (void)format;
    longjmp(after_bug, 1);
}

static bool take(struct block_device *device, struct block_request *request)
{
    (void)device;
    assert_false(irqflag_on);
    if (room == 0)
        return false;
    room--;
    assert_true(nr_taken < MAX_TAKEN);
    taken[nr_taken++] = request;
    sectors_taken = request->nr_sectors;
    return true;
}

static void kick(struct block_device *device)
{
    (void)device;
    assert_false(irqflag_on);
    nr_kicks++;
}

static const struct block_device_ops ops = {.submit = take, .kick = kick};

static struct block_device disk = {.name = "vda",
                                   .nr_sectors = NR_SECTORS,
                                   .block_size = 512,
                                   .max_bytes = 4 * PAGE,
                                   .max_segments = 5,
                                   .max_discard = 64,
                                   .can_flush = true,
                                   .can_discard = true,
                                   .ops = &ops};

static void note_done(struct block_request *request)
{
    assert_false(irqflag_on);
    nr_done++;
    last_done = request;
}

/* The sleep of block_wait(): the device ends the first that it has taken. */
void wait_queue_sleep(struct wait_queue *queue)
{
    assert_ptr_equal(queue, &taken[0]->waiters);
    assert_int_equal(nr_kicks, 1);
    block_complete(taken[0], -EIO);
}

void wait_queue_wake_all(struct wait_queue *queue)
{
    assert_ptr_equal(queue, &taken[0]->waiters);
}

static int setup(void **state)
{
    static bool registered;

    (void)state;
    irqflag_on = true;
    if (!registered)
        block_register(&disk);
    registered = true;
    room = MAX_TAKEN;
    nr_taken = nr_kicks = nr_done = 0;
    last_done = NULL;
    disk.read_only = disk.has_failed = false;
    disk.can_flush = disk.can_discard = true;
    disk.block_size = 512;
    return 0;
}

static const struct block_segment page = {.maddr = 7 * PAGE, .size = PAGE};

static struct block_request request_to(enum block_operation operation,
                                       uint64_t sector,
                                       const struct block_segment *segments,
                                       unsigned int nr)
{
    return (struct block_request){.operation = operation,
                                  .sector = sector,
                                  .segments = segments,
                                  .nr_segments = nr,
                                  .done = note_done};
}

/* What a request that the device need not see comes to. */
static int64_t at_once(struct block_request request)
{
    unsigned int before = nr_done;

    block_submit(&disk, &request);
    assert_true(irqflag_on);
    assert_int_equal(nr_taken, 0);
    assert_int_equal(nr_done, before + 1);
    assert_ptr_equal(last_done, &request);
    return request.status;
}

static bool is_taken(struct block_request request)
{
    nr_taken = 0;
    block_submit(&disk, &request);
    return nr_taken == 1 && taken[0] == &request &&
           request.status == BLOCK_UNDER_WAY;
}

/* ---- the tests ---- */

static bool registering_is_a_bug(struct block_device *device)
{
    if (setjmp(after_bug) != 0)
        return true;
    block_register(device);
    return false;
}

static void test_names(void **state)
{
    static struct block_device other = {.name = "vdb", .block_size = 4096};
    struct block_device same = {.name = "vda", .block_size = 512};
    struct block_device odd = {.name = "vdc", .block_size = 1000};
    struct block_device small = {.name = "vdd", .block_size = 256};

    (void)state;
    assert_ptr_equal(block_find("vda"), &disk);
    assert_null(block_find("vdb"));
    block_register(&other);
    assert_ptr_equal(block_find("vdb"), &other);
    assert_int_equal(other.number, disk.number + 1);
    assert_ptr_equal(block_next(NULL), &disk);
    assert_ptr_equal(block_next(&disk), &other);
    assert_null(block_next(&other));
    assert_true(registering_is_a_bug(&same));
    assert_true(registering_is_a_bug(&odd));
    assert_true(registering_is_a_bug(&small));
}

static void test_range(void **state)
{
    (void)state;
    assert_true(is_taken(request_to(BLOCK_READ, NR_SECTORS - 8, &page, 1)));
    assert_true(is_taken(request_to(BLOCK_WRITE, 0, &page, 1)));
    assert_int_equal(nr_done, 0);
    nr_taken = 0;
    assert_int_equal(at_once(request_to(BLOCK_READ, NR_SECTORS - 7, &page, 1)),
                     -EIO);
    assert_int_equal(at_once(request_to(BLOCK_READ, NR_SECTORS + 1, &page, 1)),
                     -EIO);
    assert_int_equal(at_once(request_to(BLOCK_WRITE, UINT64_MAX, &page, 1)),
                     -EIO);
    disk.block_size = PAGE;
    assert_int_equal(at_once(request_to(BLOCK_WRITE, 4, &page, 1)), -EINVAL);
    assert_true(is_taken(request_to(BLOCK_WRITE, 8, &page, 1)));
}

/* Of one segment, in a read from sector 0. */
static int64_t segment_status(uint64_t maddr, uint32_t size)
{
    struct block_segment segment = {maddr, size};

    return at_once(request_to(BLOCK_READ, 0, &segment, 1));
}

static void test_segments(void **state)
{
    struct block_segment many[6], *last = &many[5];
    unsigned int i;

    (void)state;
    assert_int_equal(segment_status(PAGE, 0), -EINVAL);
    assert_int_equal(segment_status(PAGE, 513), -EINVAL);
    assert_int_equal(segment_status(PAGE + 2, 512), -EINVAL);
    assert_int_equal(segment_status(PAGE + 512, PAGE), -EINVAL);
    assert_int_equal(segment_status(PAGE, 2 * PAGE), -EINVAL);
    assert_int_equal(segment_status(PAGE, UINT32_MAX - 511), -EINVAL);
    assert_int_equal(at_once(request_to(BLOCK_READ, 0, NULL, 0)), -EINVAL);
    for (i = 0; i < ARRAY_SIZE(many); i++)
        many[i] = (struct block_segment){i * PAGE, 512};
    assert_int_equal(at_once(request_to(BLOCK_READ, 0, many, 6)), -EINVAL);
    assert_true(is_taken(request_to(BLOCK_READ, 0, many, 5)));
    assert_int_equal(sectors_taken, 5);
    for (last = many; last < &many[4]; last++)
        last->size = PAGE;
    assert_true(is_taken(request_to(BLOCK_READ, 0, many, 4)));
    assert_int_equal(sectors_taken, 32);
    nr_taken = 0;
    assert_int_equal(at_once(request_to(BLOCK_READ, 0, many, 5)), -EINVAL);
}

static void test_read_only(void **state)
{
    struct block_request discard = {
        .operation = BLOCK_DISCARD, .nr_sectors = 8, .done = note_done};

    (void)state;
    disk.read_only = true;
    assert_int_equal(at_once(request_to(BLOCK_WRITE, 0, &page, 1)), -EROFS);
    assert_int_equal(at_once(discard), -EROFS);
    assert_true(is_taken(request_to(BLOCK_READ, 0, &page, 1)));
    assert_true(is_taken(request_to(BLOCK_FLUSH, 0, NULL, 0)));
}

static void test_flush_and_discard(void **state)
{
    struct block_request discard = {
        .operation = BLOCK_DISCARD, .nr_sectors = 64, .done = note_done};

    (void)state;
    assert_true(is_taken(discard));
    assert_true(is_taken(request_to(BLOCK_FLUSH, 0, NULL, 0)));
    nr_taken = 0;
    discard.nr_sectors = 65;
    assert_int_equal(at_once(discard), -EINVAL);
    discard.nr_sectors = 0;
    assert_int_equal(at_once(discard), -EINVAL);
    discard.nr_sectors = 8;
    discard.sector = NR_SECTORS - 7;
    assert_int_equal(at_once(discard), -EIO);
    disk.can_discard = disk.can_flush = false;
    assert_int_equal(at_once(discard), -EOPNOTSUPP);
    assert_int_equal(at_once(request_to(BLOCK_FLUSH, 0, NULL, 0)), 0);
}

/* No room, then some for two, then for the rest: in their order. */
static void test_no_room(void **state)
{
    struct block_request requests[4];
    unsigned int i;

    (void)state;
    room = 0;
    block_has_room(&disk);
    assert_int_equal(nr_kicks, 0);
    for (i = 0; i < 3; i++) {
        requests[i] = request_to(BLOCK_READ, i * 8, &page, 1);
        block_submit(&disk, &requests[i]);
    }
    assert_int_equal(nr_taken, 0);
    /* This one does not overtake, though there is room. */
    room = 2;
    requests[3] = request_to(BLOCK_READ, 24, &page, 1);
    block_submit(&disk, &requests[3]);
    assert_int_equal(nr_taken, 0);
    irqflag_on = false;
    block_has_room(&disk);
    assert_int_equal(nr_taken, 2);
    assert_int_equal(nr_kicks, 1);
    room = MAX_TAKEN;
    block_has_room(&disk);
    assert_int_equal(nr_taken, 4);
    assert_int_equal(nr_kicks, 2);
    for (i = 0; i < 4; i++)
        assert_ptr_equal(taken[i], &requests[i]);
    block_complete(&requests[2], -EIO);
    assert_int_equal(nr_done, 1);
    assert_ptr_equal(last_done, &requests[2]);
    assert_int_equal(requests[2].status, -EIO);
    assert_int_equal(requests[1].status, BLOCK_UNDER_WAY);
}

/* All that wait, and all that come; not what the driver has. */
static void test_fail(void **state)
{
    struct block_request taken_one = request_to(BLOCK_READ, 0, &page, 1);
    struct block_request one = taken_one, two = taken_one;

    (void)state;
    room = 1;
    block_submit(&disk, &taken_one);
    block_submit(&disk, &one);
    block_submit(&disk, &two);
    irqflag_on = false;
    block_fail(&disk);
    irqflag_on = true;
    assert_int_equal(nr_done, 2);
    assert_int_equal(one.status, -EIO);
    assert_int_equal(two.status, -EIO);
    assert_int_equal(taken_one.status, BLOCK_UNDER_WAY);
    room = MAX_TAKEN;
    nr_taken = 0;
    assert_int_equal(at_once(request_to(BLOCK_READ, 0, &page, 1)), -EIO);
    assert_int_equal(at_once(request_to(BLOCK_FLUSH, 0, NULL, 0)), -EIO);
}

/* A driver that can do no more is told as by block_kick(). */
static void test_quiet(void **state)
{
    (void)state;
    irqflag_on = false;
    block_kick_quietly(&disk);
    assert_int_equal(nr_kicks, 1);
    block_rest(&disk);
    assert_int_equal(nr_kicks, 1);
    irqflag_on = true;
}

static void test_do(void **state)
{
    struct block_request request = request_to(BLOCK_READ, 0, &page, 1);

    (void)state;
    request.done = NULL;
    assert_int_equal(block_do(&disk, &request), -EIO);
    assert_int_equal(nr_taken, 1);
    assert_true(irqflag_on);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_names, setup),
        cmocka_unit_test_setup(test_range, setup),
        cmocka_unit_test_setup(test_segments, setup),
        cmocka_unit_test_setup(test_read_only, setup),
        cmocka_unit_test_setup(test_flush_and_discard, setup),
        cmocka_unit_test_setup(test_no_room, setup),
        cmocka_unit_test_setup(test_fail, setup),
        cmocka_unit_test_setup(test_do, setup),
        cmocka_unit_test_setup(test_quiet, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

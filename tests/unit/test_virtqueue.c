/* SPDX-License-Identifier: MIT
 *
 * guest-kernel/dev/virtqueue.c against a model of a device: it takes requests,
 * ends them in any order, and sleeps and wakes only as the rings say. No
 * request is lost, ended twice or slept over, in each combination of features
 * and across the indexes' wrap. And a device that lies is found out.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "guest-kernel/dev/virtqueue.h"
#include "guest-kernel/errno.h"
#include "lib/macros.h"

#define PAGE 4096u
#define SIZE 32u
#define CHAIN 5u
#define NR_REQUESTS 200000u

static const uint64_t combinations[] = {
    0,
    VIRTIO_FEATURE_INDIRECT,
    VIRTIO_FEATURE_EVENT_INDEX,
    VIRTIO_FEATURE_INDIRECT | VIRTIO_FEATURE_EVENT_INDEX,
};

static _Alignas(PAGE) char page[PAGE];
static struct virtqueue queue;
static struct virtq_desc own[SIZE][CHAIN];
static struct virtq_desc *tables[SIZE];
static uint64_t features;
static uint64_t seed;

/* ---- the device ---- */

static struct {
    uint16_t next_available;
    bool asleep;
    bool interrupted; /* the driver is to look */
    unsigned int nr_taken;
    uint16_t taken[SIZE];
    bool has[SIZE];
} device;

static bool has(uint64_t feature)
{
    return (features & feature) != 0;
}

static uint16_t *used_event(void)
{
    return &queue.available->ring[SIZE];
}

static uint16_t *available_event(void)
{
    return (uint16_t *)&queue.used->ring[SIZE];
}

/* What the driver has written there: the slot's number, in each descriptor. */
static void check_chain(uint16_t first)
{
    const struct virtq_desc *ring = queue.descriptors, *table;
    unsigned int i = first, slot = first;
    unsigned int nr = 1;

    assert_true(first < SIZE);
    table = ring;
    if (has(VIRTIO_FEATURE_INDIRECT)) {
        assert_int_equal(ring[first].flags, VIRTQ_INDIRECT);
        table = (const struct virtq_desc *)ring[first].maddr;
        assert_true(ring[first].size % sizeof(*table) == 0);
        i = 0;
    } else {
        assert_int_equal(first % CHAIN, 0);
        slot = first / CHAIN;
    }
    for (;; nr++) {
        assert_true(nr <= CHAIN);
        assert_int_equal(table[i].maddr, slot);
        if ((table[i].flags & VIRTQ_NEXT) == 0)
            break;
        i = table[i].next;
    }
    if (has(VIRTIO_FEATURE_INDIRECT))
        assert_int_equal(ring[first].size, nr * sizeof(*table));
}

static bool device_take(void)
{
    uint16_t first;

    if (queue.available->index == device.next_available)
        return false;
    first = queue.available->ring[device.next_available++ % SIZE];
    check_chain(first);
    assert_false(device.has[first]);
    device.has[first] = true;
    device.taken[device.nr_taken++] = first;
    return true;
}

/* It goes to sleep as the driver has to expect. */
static void device_sleep(void)
{
    *available_event() = device.next_available;
    device.asleep = !device_take();
}

static void device_use(uint32_t id, uint32_t length)
{
    uint16_t old = queue.used->index, new = (uint16_t)(old + 1);

    queue.used->ring[old % SIZE] = (struct virtq_used_entry){id, length};
    queue.used->index = new;
    if (!has(VIRTIO_FEATURE_EVENT_INDEX) || *used_event() == old)
        device.interrupted = true;
}

static void device_end_one(void)
{
    unsigned int which = (unsigned int)(unit_random(&seed) % device.nr_taken);
    uint16_t first = device.taken[which];

    device.taken[which] = device.taken[--device.nr_taken];
    device.has[first] = false;
    device_use(first, 1 + first % 3);
}

/* ---- the driver ---- */

static unsigned int nr_put, nr_got;
static bool ours[SIZE];

static void start(uint64_t with)
{
    unsigned int slot;

    features = with;
    memset(page, 0, sizeof(page));
    memset(&device, 0, sizeof(device));
    memset(own, 0, sizeof(own));
    memset(ours, 0, sizeof(ours));
    nr_put = nr_got = 0;
    assert_true(virtqueue_init(&queue, page, SIZE, CHAIN, features));
    assert_int_equal(queue.nr_slots,
                     has(VIRTIO_FEATURE_INDIRECT) ? SIZE : SIZE / CHAIN);
    for (slot = 0; slot < queue.nr_slots; slot++)
        tables[slot] =
            virtqueue_prepare(&queue, slot, own[slot], (uint64_t)own[slot]);
}

/* False: no slot is free. */
static bool put_one(void)
{
    unsigned int nr = 2 + (unsigned int)(unit_random(&seed) % (CHAIN - 1)), i;
    unsigned int first;
    int slot = virtqueue_take(&queue);

    if (slot < 0)
        return false;
    assert_false(ours[slot]);
    ours[slot] = true;
    first = (unsigned int)slot * (has(VIRTIO_FEATURE_INDIRECT) ? 1 : CHAIN);
    for (i = 0; i < nr; i++) {
        tables[slot][i].maddr = (uint64_t)slot;
        tables[slot][i].flags = i + 1 < nr ? VIRTQ_NEXT : VIRTQ_WRITE;
    }
    virtqueue_put(&queue, (unsigned int)slot, (uint16_t)nr, 1 + first % 3);
    nr_put++;
    return true;
}

static void publish(void)
{
    if (virtqueue_publish(&queue))
        device.asleep = false;
}

static void interrupt(void)
{
    unsigned int slot;
    uint32_t length;
    int result;

    device.interrupted = false;
    do {
        while ((result = virtqueue_get(&queue, &slot, &length)) > 0) {
            assert_true(ours[slot]);
            ours[slot] = false;
            nr_got++;
        }
        assert_int_equal(result, 0);
        /* The device may not know yet that nobody looks any more. */
        if (device.nr_taken > 0 && unit_random(&seed) % 2 == 0)
            device_end_one();
    } while (virtqueue_arm(&queue));
}

static void step(void)
{
    switch (unit_random(&seed) % 6) {
    case 0:
    case 1:
        if (nr_put < NR_REQUESTS)
            (void)put_one();
        break;
    case 2:
        publish();
        break;
    case 3:
        if (!device.asleep && !device_take())
            device_sleep();
        break;
    case 4:
        if (device.nr_taken > 0)
            device_end_one();
        break;
    default:
        if (device.interrupted)
            interrupt();
    }
}

/* Nobody moves but for what he has been woken for: so all gets done. */
static void run_down(void)
{
    unsigned int i;

    publish();
    for (i = 0; i < 4 * SIZE; i++) {
        if (!device.asleep && !device_take())
            device_sleep();
        if (device.nr_taken > 0)
            device_end_one();
        if (device.interrupted)
            interrupt();
    }
    assert_int_equal(nr_got, nr_put);
    assert_int_equal(queue.nr_free, queue.nr_slots);
}

static void test_all_done(void **state)
{
    unsigned int i;

    (void)state;
    for (i = 0; i < ARRAY_SIZE(combinations); i++) {
        seed = 17 + i;
        start(combinations[i]);
        while (nr_put < NR_REQUESTS) {
            step();
            if (unit_random(&seed) % 500 == 0)
                run_down();
        }
        run_down();
    }
}

/* Full, and one is free again; not told of twice. */
static void test_full(void **state)
{
    unsigned int i;

    (void)state;
    start(VIRTIO_FEATURE_INDIRECT | VIRTIO_FEATURE_EVENT_INDEX);
    for (i = 0; i < SIZE; i++)
        assert_true(put_one());
    assert_false(put_one());
    assert_false(device_take());
    assert_true(virtqueue_publish(&queue));
    assert_false(virtqueue_publish(&queue));
    assert_true(device_take());
    device_end_one();
    assert_true(device.interrupted);
    interrupt();
    assert_int_equal(device.nr_taken, 0);
    assert_int_equal(nr_got, 1);
    assert_true(put_one());
    assert_false(put_one());
}

static void test_sizes(void **state)
{
    uint16_t size = VIRTQUEUE_MAX_SIZE;

    (void)state;
    assert_true(virtqueue_used_offset(size) + 6u + 8u * size <= PAGE);
    assert_int_equal(virtqueue_used_offset(size) % 4, 0);
    assert_false(virtqueue_init(&queue, page, 4, 5, 0));
    assert_true(virtqueue_init(&queue, page, 4, 5, VIRTIO_FEATURE_INDIRECT));
    assert_true(virtqueue_init(&queue, page, 8, 5, 0));
    assert_int_equal(queue.nr_slots, 1);
}

/* ---- a device that lies ---- */

static void start_lie(uint64_t with)
{
    unsigned int i;

    start(with);
    for (i = 0; i < 3; i++)
        assert_true(put_one());
    publish();
    while (device_take())
        ;
}

static void assert_broken(void)
{
    unsigned int slot;
    uint32_t length;

    assert_int_equal(virtqueue_get(&queue, &slot, &length), -EIO);
    assert_int_equal(virtqueue_get(&queue, &slot, &length), -EIO);
}

static void got_one(void)
{
    unsigned int slot;
    uint32_t length;

    assert_int_equal(virtqueue_get(&queue, &slot, &length), 1);
}

static void test_hostile(void **state)
{
    unsigned int i;
    uint16_t step;

    (void)state;
    for (i = 0; i < ARRAY_SIZE(combinations); i++) {
        step = (combinations[i] & VIRTIO_FEATURE_INDIRECT) != 0 ? 1 : CHAIN;
        /* The same one twice. */
        start_lie(combinations[i]);
        device_use(step, 1);
        device_use(step, 0);
        got_one();
        assert_broken();
        /* One that it was not given; numbers beyond. */
        start_lie(combinations[i]);
        device_use(4u * step, 1);
        assert_broken();
        start_lie(combinations[i]);
        device_use(SIZE * step, 1);
        assert_broken();
        start_lie(combinations[i]);
        device_use(UINT32_MAX - UINT32_MAX % step, 1);
        assert_broken();
        /* More than there was room for. */
        start_lie(combinations[i]);
        device_use(0, 2);
        assert_broken();
        start_lie(combinations[i]);
        device_use(0, UINT32_MAX);
        assert_broken();
        /* More than it has, and fewer than before. */
        start_lie(combinations[i]);
        queue.used->index = 4;
        assert_broken();
        start_lie(combinations[i]);
        queue.used->index = UINT16_MAX;
        assert_broken();
    }
    /* The middle of a chain. */
    start_lie(0);
    device_use(1, 1);
    assert_broken();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_done),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_hostile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * guest-kernel/dev/virtqueue.c with a driver and a device that are threads.
 * Built with the thread sanitizer: a request is handed over by an index, and
 * handed back by one. Each is done once, and nobody sleeps while the other has
 * something for it. How long anything takes decides nothing.
 */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest-kernel/dev/virtqueue.h"
#include "lib/macros.h"
#include "tests/unit/two_ends.h"

#define SIZE 16u
#define CHAIN 2u
#define NR_REQUESTS 100000ul /* more than an index counts to */
#define DRIVER 0
#define DEVICE 1

static _Alignas(4096) char page[4096];
static struct virtqueue queue;
static bool event_index;
static struct virtq_desc own[SIZE][CHAIN];
static struct virtq_desc *tables[SIZE];
/* What a request says, and what its answer. */
static uint64_t question[SIZE], answer[SIZE];
/* By end: how often it asked to be woken, slept, and woke the other. */
static unsigned long nr_asked[2], nr_sleeps[2], nr_sent[2];

/* cmocka knows of one thread only: what is wrong in one of ours ends it all. */
static void must(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "virtqueue_race: %s\n", what);
        abort();
    }
}

static void send(int end)
{
    nr_sent[end]++;
    two_ends_send(1 - end);
}

static void sleep_at(int end)
{
    nr_sleeps[end]++;
    must(two_ends_sleep(end), "both ends sleep for ever");
}

/* ---- the driver ---- */

static bool put_one(uint64_t number)
{
    int slot = virtqueue_take(&queue);

    if (slot < 0)
        return false;
    question[slot] = number;
    tables[slot][0].maddr = (uint64_t)&question[slot];
    tables[slot][0].flags = VIRTQ_NEXT;
    tables[slot][1].maddr = (uint64_t)&answer[slot];
    tables[slot][1].flags = VIRTQ_WRITE;
    virtqueue_put(&queue, (unsigned int)slot, CHAIN, sizeof(answer[slot]));
    return true;
}

static uint64_t get_all(void)
{
    unsigned int slot;
    uint64_t nr = 0;
    uint32_t length;
    int result;

    while ((result = virtqueue_get(&queue, &slot, &length)) > 0) {
        must(answer[slot] == ~question[slot], "an answer is another one's");
        nr++;
    }
    must(result == 0, "the device is taken for a broken one");
    return nr;
}

static void *run_driver(void *unused)
{
    uint64_t sent = 0, done = 0, random = 5, n;

    (void)unused;
    while (done < NR_REQUESTS) {
        for (n = unit_random(&random) % SIZE; n > 0; n--)
            if (sent < NR_REQUESTS && put_one(sent))
                sent++;
        if (unit_random(&random) % 2 == 0)
            virtqueue_disarm(&queue);
        if (virtqueue_publish(&queue))
            send(DRIVER);
        done += get_all();
        if (done == sent)
            continue;
        /* What comes just here must not be slept over. */
        if (unit_random(&random) % 8 == 0)
            (void)sched_yield();
        nr_asked[DRIVER]++;
        if (!virtqueue_arm(&queue))
            sleep_at(DRIVER);
    }
    two_ends_leave(DRIVER);
    return NULL;
}

/* ---- the device ---- */

static uint16_t load(const uint16_t *where)
{
    return __atomic_load_n(where, __ATOMIC_SEQ_CST);
}

static void store(uint16_t *where, uint16_t value)
{
    __atomic_store_n(where, value, __ATOMIC_SEQ_CST);
}

static void serve(uint16_t first)
{
    const struct virtq_desc *table =
        (const struct virtq_desc *)queue.descriptors[first].maddr;
    uint16_t index = queue.used->index, old = index;

    *(uint64_t *)table[table[0].next].maddr = ~*(uint64_t *)table[0].maddr;
    queue.used->ring[index % SIZE] =
        (struct virtq_used_entry){first, sizeof(answer[0])};
    store(&queue.used->index, ++index);
    if (!event_index || load(&queue.available->ring[SIZE]) == old)
        send(DEVICE);
}

static void *run_device(void *unused)
{
    uint16_t next = 0;
    uint64_t served = 0;

    (void)unused;
    while (served < NR_REQUESTS) {
        while (load(&queue.available->index) != next) {
            serve(queue.available->ring[next++ % SIZE]);
            served++;
        }
        /* The event index for available entries, then a last look. */
        nr_asked[DEVICE]++;
        store((uint16_t *)&queue.used->ring[SIZE], next);
        if (served < NR_REQUESTS && load(&queue.available->index) == next)
            sleep_at(DEVICE);
    }
    two_ends_leave(DEVICE);
    return NULL;
}

static void race(uint64_t features)
{
    pthread_t threads[2];
    unsigned int slot;

    event_index = (features & VIRTIO_FEATURE_EVENT_INDEX) != 0;
    memset(page, 0, sizeof(page));
    assert_true(virtqueue_init(&queue, page, SIZE, CHAIN,
                               features | VIRTIO_FEATURE_INDIRECT));
    for (slot = 0; slot < SIZE; slot++)
        tables[slot] =
            virtqueue_prepare(&queue, slot, own[slot], (uint64_t)own[slot]);
    two_ends_begin();
    for (int end = 0; end < 2; end++)
        nr_asked[end] = nr_sleeps[end] = nr_sent[end] = 0;

    assert_int_equal(pthread_create(&threads[DRIVER], NULL, run_driver, NULL),
                     0);
    assert_int_equal(pthread_create(&threads[DEVICE], NULL, run_device, NULL),
                     0);
    assert_int_equal(pthread_join(threads[DRIVER], NULL), 0);
    assert_int_equal(pthread_join(threads[DEVICE], NULL), 0);
    assert_int_equal(queue.nr_free, SIZE);
    for (int end = 0; end < 2; end++)
        print_message("end %d: %lu sleeps; it sent %lu\n", end, nr_sleeps[end],
                      nr_sent[end]);
}

static void test_race(void **state)
{
    (void)state;
    race(VIRTIO_FEATURE_EVENT_INDEX);
    /* One for each time that it was asked for, and one for the first. */
    for (int end = 0; end < 2; end++)
        assert_true(nr_sent[end] <= nr_asked[1 - end] + 1);
    race(0);
    assert_int_equal(nr_sent[DEVICE], NR_REQUESTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_race),
    };

    return cmocka_run_group_tests_name("virtqueue_race", tests, NULL, NULL);
}

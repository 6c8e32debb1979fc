/* SPDX-License-Identifier: MIT
 *
 * pvdrivers/ring.h with a front-end and a back-end that are threads. Built with
 * the thread sanitizer: each slot is handed over by an index. Every request is
 * answered once and in order, across 2^32, and nobody sleeps while the other
 * end has something for it. How long anything takes decides nothing.
 */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/macros.h"
#include "pvdrivers/ring.h"
#include "tests/unit/two_ends.h"

#define NR_REQUESTS 60000ul
#define FIRST 0xffffc000u /* 2^32 comes among them */
#define FRONT 0
#define BACK 1

struct slot {
    uint64_t number;
    uint64_t more[3]; /* all of it is made from the number */
};

static _Alignas(4096) struct parapet_ring page;
static struct ring_front front;
static struct ring_back back;
/* Of each end. */
static unsigned long nr_waits[2], nr_sleeps[2], nr_sent[2];

static struct slot slot_of(uint64_t number)
{
    return (struct slot){number, {number * 3, ~number, number ^ 0x5a5a}};
}

/* cmocka knows of one thread only: what is wrong in one of ours ends it all. */
static void must(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "ring_race: %s\n", what);
        abort();
    }
}

static void check_slot(const struct slot *slot, uint64_t number)
{
    struct slot expected = slot_of(number);

    must(memcmp(slot, &expected, sizeof(expected)) == 0,
         "a slot has something else in it");
}

static void push(int end, bool sleeps)
{
    if (sleeps) {
        nr_sent[end]++;
        two_ends_send(1 - end);
    }
}

static void wait(int end, int found)
{
    must(found >= 0, "an index is no index");
    nr_waits[end]++;
    if (found == 0) {
        nr_sleeps[end]++;
        must(two_ends_sleep(end), "both ends sleep for ever");
    }
}

/* Some requests, told in one, and all responses that are there. */
static void *run_front(void *unused)
{
    uint64_t sent = 0, done = 0, random = 5;
    struct slot slot;

    (void)unused;
    while (done < NR_REQUESTS) {
        for (uint64_t n = unit_random(&random) % 24; n > 0; n--) {
            slot = slot_of(sent);
            if (sent < NR_REQUESTS &&
                ring_front_put(&front, &slot, sizeof(slot)) == 0)
                sent++;
        }
        push(FRONT, ring_front_push(&front));
        while (ring_front_take(&front, &slot, sizeof(slot)) == 1)
            check_slot(&slot, ~done++);
        if (ring_front_room(&front) == 0 || sent == NR_REQUESTS ||
            unit_random(&random) % 4 == 0) {
            /* With none on the way nothing would come. */
            if (done < sent)
                wait(FRONT, ring_front_wait(&front));
        } else if (unit_random(&random) % 16 == 0) {
            (void)sched_yield();
        }
    }
    two_ends_leave(FRONT);
    return NULL;
}

static void *run_back(void *unused)
{
    uint64_t served = 0, answered = 0, random = 7;
    struct slot slot;

    (void)unused;
    while (answered < NR_REQUESTS) {
        for (uint64_t n = unit_random(&random) % 24; n > 0; n--)
            if (ring_back_take(&back, &slot, sizeof(slot)) == 1)
                check_slot(&slot, served++);
        while (answered < served && unit_random(&random) % 8 != 0) {
            slot = slot_of(~answered++);
            must(ring_back_put(&back, &slot, sizeof(slot)) == 0,
                 "no room for a response");
        }
        push(BACK, ring_back_push(&back));
        if (answered == served && answered < NR_REQUESTS)
            wait(BACK, ring_back_wait(&back));
    }
    two_ends_leave(BACK);
    return NULL;
}

static void race(uint32_t slot_size)
{
    pthread_t threads[2];

    ring_front_init(&front, &page, slot_size);
    ring_back_init(&back, &page, slot_size);
    front.put = front.pushed = front.taken = front.seen = FIRST;
    back.put = back.pushed = back.taken = back.seen = FIRST;
    page.req_prod = page.rsp_prod = FIRST;
    page.req_event = page.rsp_event = FIRST;
    two_ends_begin();
    for (int end = 0; end < 2; end++)
        nr_waits[end] = nr_sleeps[end] = nr_sent[end] = 0;

    assert_int_equal(pthread_create(&threads[FRONT], NULL, run_front, NULL), 0);
    assert_int_equal(pthread_create(&threads[BACK], NULL, run_back, NULL), 0);
    assert_int_equal(pthread_join(threads[FRONT], NULL), 0);
    assert_int_equal(pthread_join(threads[BACK], NULL), 0);
    assert_int_equal(page.rsp_prod, FIRST + (uint32_t)NR_REQUESTS);
    for (int end = 0; end < 2; end++) {
        print_message("end %d: %lu waits, %lu sleeps; it sent %lu\n", end,
                      nr_waits[end], nr_sleeps[end], nr_sent[end]);
        /* One for each wait of the other end, and one for the first event. */
        assert_true(nr_sent[end] <= nr_waits[1 - end] + 1);
    }
}

static void test_race(void **state)
{
    static const uint32_t slot_sizes[] = {sizeof(struct slot), 1920};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(slot_sizes); i++)
        race(slot_sizes[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_race),
    };

    return cmocka_run_group_tests_name("ring_race", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * The fuzzer's way into a front-end of pvdrivers/ring.h, beside a back-end that
 * writes anything into the page (ring_end.h).
 */
#include <stddef.h>

#include "pvdrivers/ring.h"
#include "tests/fuzz/ring_end.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ring_front front;

static void begin(struct parapet_ring *page, uint32_t slot_size, uint32_t first)
{
    ring_front_init(&front, page, slot_size);
    front.put = front.pushed = front.taken = front.seen = first;
    page->req_prod = page->rsp_prod = first;
    page->req_event = page->rsp_event = first;
}

static int room(void)
{
    return ring_front_room(&front);
}

static int put(const void *message, size_t size)
{
    return ring_front_put(&front, message, size);
}

static bool push(void)
{
    return ring_front_push(&front);
}

static int take(void *message, size_t size)
{
    return ring_front_take(&front, message, size);
}

static int wait(void)
{
    return ring_front_wait(&front);
}

/* In a slot whose response was taken. */
static uint64_t may_put(uint64_t nr_slots, uint64_t nr_put, uint64_t nr_taken)
{
    return nr_slots - (nr_put - nr_taken);
}

/* A response for each request that the other end was told of. */
static uint64_t may_come(uint64_t nr_slots, uint64_t nr_pushed,
                         uint64_t nr_taken)
{
    (void)nr_slots;
    return nr_pushed - nr_taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ring_end end = {
        .begin = begin,
        .room = room,
        .put = put,
        .push = push,
        .take = take,
        .wait = wait,
        .prod = offsetof(struct parapet_ring, req_prod),
        .event = offsetof(struct parapet_ring, rsp_event),
        .other_prod = offsetof(struct parapet_ring, rsp_prod),
        .other_event = offsetof(struct parapet_ring, req_event),
        .may_put = may_put,
        .may_come = may_come,
    };

    ring_end_fuzz(&end, data, size);
    return 0;
}

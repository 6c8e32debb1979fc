/* SPDX-License-Identifier: MIT
 *
 * The fuzzer's way into a back-end of pvdrivers/ring.h, beside a front-end that
 * writes anything into the page (ring_end.h).
 */
#include <stddef.h>

#include "pvdrivers/ring.h"
#include "tests/fuzz/ring_end.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ring_back back;

static void begin(struct parapet_ring *page, uint32_t slot_size, uint32_t first)
{
    ring_back_init(&back, page, slot_size);
    back.put = back.pushed = back.taken = back.seen = first;
    page->rsp_prod = page->req_prod = first;
    page->rsp_event = page->req_event = first;
}

static int room(void)
{
    return ring_back_room(&back);
}

static int put(const void *message, size_t size)
{
    return ring_back_put(&back, message, size);
}

static bool push(void)
{
    return ring_back_push(&back);
}

static int take(void *message, size_t size)
{
    return ring_back_take(&back, message, size);
}

static int wait(void)
{
    return ring_back_wait(&back);
}

/* A response to a request that was taken. */
static uint64_t may_put(uint64_t nr_slots, uint64_t nr_put, uint64_t nr_taken)
{
    (void)nr_slots;
    return nr_taken - nr_put;
}

/* A request in a slot whose response the other end was told of. */
static uint64_t may_come(uint64_t nr_slots, uint64_t nr_pushed,
                         uint64_t nr_taken)
{
    return nr_pushed + nr_slots - nr_taken;
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
        .prod = offsetof(struct parapet_ring, rsp_prod),
        .event = offsetof(struct parapet_ring, req_event),
        .other_prod = offsetof(struct parapet_ring, req_prod),
        .other_event = offsetof(struct parapet_ring, rsp_event),
        .may_put = may_put,
        .may_come = may_come,
    };

    ring_end_fuzz(&end, data, size);
    return 0;
}

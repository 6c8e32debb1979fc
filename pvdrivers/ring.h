/* SPDX-License-Identifier: MIT
 *
 * Both ends of a ring (abi/ring.h): the front-end puts requests and takes
 * responses, the back-end takes requests and puts responses. The two are
 * mirrors of each other; what differs is how much each may put.
 *
 *              responses        requests
 *          back->put   back->taken       front->put
 *              |           |                 |
 *   -----------+-----------+-----------------+---------------> number
 *       ^       at work     not yet taken    ^
 *   front->taken                             front->taken + nr_slots, at most
 *
 * An end belongs to one thread at a time. Its own numbers lie here, in memory
 * that nobody else writes: what it once wrote to the page it never reads back.
 * The other end's index is checked each time that it is loaded: it must lie
 * between what was taken and what can be there at most. If it does not, the
 * connection is broken: this and all later calls return -PV_EIO, and the page
 * is not looked at again. What a slot has in it, its user checks, in its own
 * copy.
 *
 * A request or response is a structure whose size is a multiple of 8, at most
 * slot_size. None of these blocks, allocates or takes a lock.
 */
#ifndef PVDRIVERS_RING_H
#define PVDRIVERS_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/ring.h"
#include "pvdrivers/error.h"
#include "pvdrivers/ring_page.h"

struct ring_front {
    struct parapet_ring *page;
    uint8_t *slots;    /* in it */
    uint32_t nr_slots; /* 0: the connection is broken */
    uint32_t mask;     /* nr_slots - 1 */
    uint32_t slot_size;
    uint32_t put;    /* requests: copied into the page */
    uint32_t pushed; /* and told */
    uint32_t taken;  /* responses: copied out of the page */
    uint32_t seen;   /* can be taken, by the last look */
};

struct ring_back {
    struct parapet_ring *page;
    uint8_t *slots;    /* in it */
    uint32_t nr_slots; /* 0: the connection is broken */
    uint32_t mask;     /* nr_slots - 1 */
    uint32_t slot_size;
    uint32_t taken; /* requests */
    uint32_t seen;
    uint32_t put; /* responses */
    uint32_t pushed;
};

/* ---- the front-end ---- */

/* Before the page is lent: zeroes it. slot_size: the larger of a request and a
 * response (PARAPET_RING_SLOTS). */
static inline void ring_front_init(struct ring_front *front,
                                   struct parapet_ring *page,
                                   uint32_t slot_size)
{
    __builtin_memset(page, 0, sizeof(*page));
    *front = (struct ring_front){
        .page = page,
        .slots = page->slots,
        .nr_slots = PARAPET_RING_SLOTS(slot_size),
        .mask = PARAPET_RING_SLOTS(slot_size) - 1,
        .slot_size = slot_size,
    };
}

static inline void *ring_front_slot(const struct ring_front *front, uint32_t i)
{
    return front->slots + (i & front->mask) * front->slot_size;
}

/* Of no slots all are full, and all is told and taken: so the short paths need
 * not ask whether it is broken. */
static inline int ring_front_break(struct ring_front *front)
{
    front->nr_slots = 0;
    front->pushed = front->taken = front->seen = front->put;
    return -PV_EIO;
}

/* How many requests can be put; or -PV_EIO. */
static inline int ring_front_room(const struct ring_front *front)
{
    if (front->nr_slots == 0)
        return -PV_EIO;
    return (int)(front->nr_slots - (front->put - front->taken));
}

/* Copies a request of size bytes into the page. 0;
 * -EAGAIN: no room until a response was taken; -PV_EIO. */
static inline int ring_front_put(struct ring_front *front, const void *request,
                                 size_t size)
{
    uint32_t put = front->put;

    if (put - front->taken >= front->nr_slots)
        return front->nr_slots == 0 ? -PV_EIO : -PARAPET_EAGAIN;
    ring_page_write(ring_front_slot(front, put), request, size);
    front->put = put + 1;
    return 0;
}

/* Tells the back-end of all that was put. Returns whether it sleeps, so that
 * it has to be notified. */
static inline bool ring_front_push(struct ring_front *front)
{
    uint32_t old = front->pushed;

    if (old == front->put)
        return false;
    front->pushed = front->put;
    return ring_page_publish(&front->page->req_prod, old, front->put,
                             &front->page->req_event);
}

/* Whether there are responses: 1, 0 or -PV_EIO. There are never more than
 * requests that have none yet; without such a request it does not look. */
static inline int ring_front_look(struct ring_front *front)
{
    uint32_t taken = front->taken;
    uint32_t most = front->pushed - taken;
    uint32_t nr;

    if (most == 0)
        return front->nr_slots == 0 ? -PV_EIO : 0;
    nr = ring_page_load(&front->page->rsp_prod) - taken;
    if (nr == 0)
        return 0;
    if (nr > most)
        return ring_front_break(front);
    front->seen = taken + nr;
    return 1;
}

/* Copies the next response out of the page: 1, 0 when there is none, or
 * -PV_EIO. */
static inline int ring_front_take(struct ring_front *front, void *response,
                                  size_t size)
{
    uint32_t taken = front->taken;

    if (taken == front->seen) {
        int found = ring_front_look(front);

        if (found <= 0)
            return found;
    }
    ring_page_read(response, ring_front_slot(front, taken), size);
    front->taken = taken + 1;
    return 1;
}

/* Before it sleeps: 0 when there is nothing, and a notification comes with the
 * next response; 1 when there are responses to take; -PV_EIO. */
static inline int ring_front_wait(struct ring_front *front)
{
    if (front->taken != front->seen)
        return 1;
    if (front->nr_slots != 0)
        ring_page_store(&front->page->rsp_event, front->taken);
    return ring_front_look(front);
}

/* ---- the back-end ---- */

/* The page is mapped, and its front-end has begun with it anew. */
static inline void ring_back_init(struct ring_back *back,
                                  struct parapet_ring *page, uint32_t slot_size)
{
    *back = (struct ring_back){
        .page = page,
        .slots = page->slots,
        .nr_slots = PARAPET_RING_SLOTS(slot_size),
        .mask = PARAPET_RING_SLOTS(slot_size) - 1,
        .slot_size = slot_size,
    };
}

static inline void *ring_back_slot(const struct ring_back *back, uint32_t i)
{
    return back->slots + (i & back->mask) * back->slot_size;
}

/* As for the front-end. */
static inline int ring_back_break(struct ring_back *back)
{
    back->nr_slots = 0;
    back->pushed = back->taken = back->seen = back->put;
    return -PV_EIO;
}

/* How many responses it owes; or -PV_EIO. */
static inline int ring_back_room(const struct ring_back *back)
{
    if (back->nr_slots == 0)
        return -PV_EIO;
    return (int)(back->taken - back->put);
}

/* Copies a response of size bytes into the page. 0;
 * -EAGAIN: no request was taken that has none yet; -PV_EIO. */
static inline int ring_back_put(struct ring_back *back, const void *response,
                                size_t size)
{
    uint32_t put = back->put;

    if (put == back->taken)
        return back->nr_slots == 0 ? -PV_EIO : -PARAPET_EAGAIN;
    ring_page_write(ring_back_slot(back, put), response, size);
    back->put = put + 1;
    return 0;
}

/* Tells the front-end of all that was put. Returns whether it sleeps, so that
 * it has to be notified. */
static inline bool ring_back_push(struct ring_back *back)
{
    uint32_t old = back->pushed;

    if (old == back->put)
        return false;
    back->pushed = back->put;
    return ring_page_publish(&back->page->rsp_prod, old, back->put,
                             &back->page->rsp_event);
}

/* Whether there are requests: 1, 0 or -PV_EIO. There are never more than slots
 * whose response was told; without such a slot it does not look. */
static inline int ring_back_look(struct ring_back *back)
{
    uint32_t taken = back->taken;
    uint32_t most = back->pushed - taken + back->nr_slots;
    uint32_t nr;

    if (most == 0)
        return back->nr_slots == 0 ? -PV_EIO : 0;
    nr = ring_page_load(&back->page->req_prod) - taken;
    if (nr == 0)
        return 0;
    if (nr > most)
        return ring_back_break(back);
    back->seen = taken + nr;
    return 1;
}

/* Whether there are some to take, without asking for an event: as above. */
static inline int ring_back_has(struct ring_back *back)
{
    return back->taken != back->seen ? 1 : ring_back_look(back);
}

/* Copies the next request out of the page: 1, 0 when there is none, or
 * -PV_EIO. */
static inline int ring_back_take(struct ring_back *back, void *request,
                                 size_t size)
{
    uint32_t taken = back->taken;

    if (taken == back->seen) {
        int found = ring_back_look(back);

        if (found <= 0)
            return found;
    }
    ring_page_read(request, ring_back_slot(back, taken), size);
    back->taken = taken + 1;
    return 1;
}

/* Before it sleeps: 0 when there is nothing, and a notification comes with the
 * next request; 1 when there are requests to take; -PV_EIO. */
static inline int ring_back_wait(struct ring_back *back)
{
    if (back->taken != back->seen)
        return 1;
    if (back->nr_slots != 0)
        ring_page_store(&back->page->req_event, back->taken);
    return ring_back_look(back);
}

#endif

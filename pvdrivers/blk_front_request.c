/* SPDX-License-Identifier: MIT
 *
 * Requests of a disk's front-end, from their pages to their answers. See
 * blk_front.h.
 */
#include "pvdrivers/blk_front_parts.h"

#include "abi/errors.h"
#include "pvdrivers/env.h"
#include "pvdrivers/error.h"
#include "pvdrivers/lend.h"

/* ---- the pages of requests ---- */

static uint64_t word_of(const struct blk_front *front,
                        const struct blk_request *request)
{
    return lend_word(front->domain, request->operation == PARAPET_BLK_WRITE);
}

/* False: some are in use. */
static bool take_back(struct blk_front *front, struct blk_front_slot *slot)
{
    const uint64_t word = word_of(front, &slot->request);
    uint32_t nr_free = front->nr_free_entries;
    unsigned int left = slot->nr_lent;

    while (left > 0) {
        uint16_t entry = slot->lent[left - 1];

        if (!lend_take_back(&front->entries[entry], word))
            break;
        front->free_entries[nr_free++] = entry;
        left--;
    }
    front->nr_free_entries = nr_free;
    slot->nr_lent = (uint16_t)left;
    return left == 0;
}

/* Nothing of it is lent any more. */
static void finish(struct blk_front *front, uint32_t id, int status)
{
    struct blk_front_slot *slot = &front->slots[id];

    slot->is_taken = false;
    front->free[front->nr_free++] = (uint8_t)id;
    front->user->done(front->context, slot->request.cookie, status);
}

/* ---- requests ---- */

static ring_word_t *list_of(const struct blk_front *front, uint32_t id)
{
    const uint32_t lists = PARAPET_BLK_REQUESTS / PARAPET_BLK_LIST_PAGES;
    ring_word_t *page = front->pages[1 + id / lists];

    return page + id % lists * PARAPET_BLK_LIST;
}

static ring_word_t segment_word(const struct blk_front *front, uint16_t entry,
                                const struct blk_segment *segment)
{
    uint64_t first = segment->maddr % ENV_PAGE_SIZE / PARAPET_BLK_SECTOR;
    uint64_t nr = segment->size / PARAPET_BLK_SECTOR;

    return nr << 48 | first << 32 | (front->first_ref + entry);
}

/* Writes the segments where the slot and its list have them, and lends their
 * pages if that is not done yet: a constant. */
static inline __attribute__((always_inline)) void
put_segments(struct blk_front *front, uint32_t id, ring_word_t *in_slot,
             bool lends)
{
    struct blk_front_slot *slot = &front->slots[id];
    const unsigned int nr = slot->request.nr_segments;
    const uint64_t word = word_of(front, &slot->request);
    volatile ring_word_t *to = in_slot;

    for (unsigned int i = 0; i < nr; i++) {
        const struct blk_segment *segment = &slot->request.segments[i];
        uint16_t entry;

        if (i == PARAPET_BLK_INLINE)
            to = list_of(front, id);
        if (lends) {
            entry = front->free_entries[front->nr_free_entries - 1 - i];
            slot->lent[i] = entry;
            lend_frame(&front->entries[entry], segment->maddr / ENV_PAGE_SIZE,
                       word);
        } else {
            entry = slot->lent[i];
        }
        *to++ = segment_word(front, entry, segment);
    }
    if (lends) {
        front->nr_free_entries -= nr;
        slot->nr_lent = (uint16_t)nr;
    }
}

/* There is room. The slot of the ring is this end's until it is told of. */
static inline __attribute__((always_inline)) void put(struct blk_front *front,
                                                      uint32_t id, bool lends)
{
    const struct blk_request *request = &front->slots[id].request;
    struct parapet_blk_request head = {
        .operation = request->operation,
        .nr_segments = request->nr_segments,
        .id = id,
        .sector = request->sector,
        .nr_sectors = request->nr_sectors,
    };
    ring_word_t *slot = ring_front_slot(&front->ring, front->ring.put);
    const size_t at = offsetof(struct parapet_blk_request, segments);

    (void)ring_front_put(&front->ring, &head, at + sizeof(*slot));
    put_segments(front, id, slot + at / sizeof(*slot), lends);
}

int blk_front_submit(struct blk_front *front, const struct blk_request *request)
{
    struct blk_front_slot *slot;
    uint32_t id;

    if (front->bus.broken)
        return -PV_EIO;
    if (request->nr_segments > PARAPET_BLK_SEGMENTS)
        return -PARAPET_EINVAL;
    if (!front->is_connected || front->nr_free == 0 ||
        front->nr_free_entries < request->nr_segments) {
        front->wants_room = true;
        return -PARAPET_EAGAIN;
    }
    id = front->free[--front->nr_free];
    slot = &front->slots[id];
    slot->request = *request;
    slot->order = front->order++;
    slot->is_taken = true;
    put(front, id, true);
    return 0;
}

void blk_front_kick(struct blk_front *front)
{
    if (front->is_connected && ring_front_push(&front->ring))
        env_port_send(front->port);
}

/* ---- when the back-end has gone ---- */

/* The one that was submitted longest ago of those under way since when fewer
 * than so many were. */
static struct blk_front_slot *oldest(struct blk_front *front, uint32_t below)
{
    struct blk_front_slot *found = NULL;
    uint32_t most = 0;

    for (uint32_t id = 0; id < PARAPET_BLK_REQUESTS; id++) {
        struct blk_front_slot *slot = &front->slots[id];
        uint32_t age = front->order - slot->order;

        if (slot->is_taken && age < below && age > most) {
            found = slot;
            most = age;
        }
    }
    return found;
}

void blk_front_put_again(struct blk_front *front)
{
    struct blk_front_slot *slot = oldest(front, UINT32_MAX);

    while (slot) {
        put(front, (uint32_t)(slot - front->slots), false);
        slot = oldest(front, front->order - slot->order);
    }
}

void blk_front_fail(struct blk_front *front)
{
    for (uint32_t id = 0; id < PARAPET_BLK_REQUESTS; id++) {
        struct blk_front_slot *slot = &front->slots[id];

        if (slot->is_taken && take_back(front, slot))
            finish(front, id, -PV_EIO);
    }
}

void blk_front_tell_room(struct blk_front *front)
{
    if (!front->wants_room)
        return;
    front->wants_room = false;
    front->user->room(front->context);
}

static void break_it(struct blk_front *front, const char *why)
{
    bus_front_break(&front->bus, why);
    blk_front_fail(front);
    blk_front_tell_room(front);
}

/* ---- answers ---- */

/* The owner gets to hear what it knows. */
static int status_of(int32_t status)
{
    switch (status) {
    case 0:
    case -PARAPET_EINVAL:
    case -PV_EROFS:
    case -PV_EOPNOTSUPP:
        return status;
    default:
        return -PV_EIO;
    }
}

/* False: it is broken. */
static bool hear(struct blk_front *front,
                 const struct parapet_blk_response *response)
{
    uint32_t id = response->id;

    if (id >= PARAPET_BLK_REQUESTS || !front->slots[id].is_taken) {
        break_it(front, "it answers what was not asked");
        return false;
    }
    if (!take_back(front, &front->slots[id])) {
        break_it(front, "it has answered, and keeps a page");
        return false;
    }
    finish(front, id, status_of(response->status));
    return true;
}

/* Whatever done() does, there are no more of them than were told of. */
void blk_front_serve(struct blk_front *front)
{
    struct parapet_blk_response response;
    int found;

    if (!front->is_connected)
        return;
    do {
        while ((found = ring_front_take(&front->ring, &response,
                                        sizeof(response))) == 1)
            if (!hear(front, &response))
                return;
        if (found == 0)
            found = ring_front_wait(&front->ring);
    } while (found == 1);
    if (found < 0) {
        break_it(front, "its ring's words cannot be true");
        return;
    }
    blk_front_tell_room(front);
    blk_front_kick(front);
}

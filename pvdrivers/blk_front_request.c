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

_Static_assert(BLK_FRONT_GROUP >= PARAPET_BLK_PARTS,
               "the longest request finds entries");
_Static_assert(offsetof(struct parapet_blk_request, parts) + BLK_SHORT_PARTS ==
                   BLK_SHORT,
               "a short request");

/* ---- the pages of requests ---- */

static uint64_t word_of(const struct blk_front *front,
                        const struct blk_request *request)
{
    return lend_word(front->domain, request->operation == PARAPET_BLK_WRITE);
}

static uint64_t bits_of(unsigned int entry, unsigned int nr)
{
    return (nr == 0 ? 0 : ~0ull >> (BLK_FRONT_GROUP - nr))
           << entry % BLK_FRONT_GROUP;
}

/* Where so many bits in a row begin, not 0: each round folds them in two. */
static uint64_t begins_of(uint64_t bits, unsigned int nr)
{
    while (nr > 1) {
        unsigned int half = nr / 2;

        bits &= bits >> half;
        nr -= half;
    }
    return bits;
}

/* So many entries in a row, or none. The first one, or -PARAPET_EAGAIN. */
static int take_entries(struct blk_front *front, unsigned int nr)
{
    for (unsigned int i = 0; i < front->nr_groups; i++) {
        uint64_t begins = begins_of(front->free_entries[i], nr);

        if (begins != 0) {
            unsigned int entry = (unsigned int)__builtin_ctzll(begins);

            front->free_entries[i] &= ~bits_of(entry, nr);
            return (int)(i * BLK_FRONT_GROUP + entry);
        }
    }
    return nr == 0 ? 0 : -PARAPET_EAGAIN;
}

/* False: some are in use, and all of its entries stay its. */
static bool take_back(struct blk_front *front, struct blk_front_slot *slot)
{
    const uint64_t word = word_of(front, &slot->request);
    struct parapet_grant_entry *first = &front->entries[slot->entry];
    struct parapet_grant_entry *entry = first + slot->nr_lent;

    for (; entry != first; entry--)
        if (!lend_take_back(entry - 1, word)) {
            slot->nr_lent = (uint8_t)(entry - first);
            return false;
        }
    front->free_entries[slot->entry / BLK_FRONT_GROUP] |=
        bits_of(slot->entry, slot->request.nr_segments);
    return true;
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

/* Lends the pages, and says where in them the parts are. */
static void lend(struct blk_front *front, struct blk_front_slot *slot)
{
    const uint64_t word = word_of(front, &slot->request);
    const struct blk_segment *segment = slot->request.segments;
    struct parapet_grant_entry *entry = &front->entries[slot->entry];
    uint8_t *part = (uint8_t *)slot->parts;

    for (unsigned int left = slot->request.nr_segments; left > 0; left--) {
        uint32_t at = (uint32_t)segment->maddr % ENV_PAGE_SIZE;

        lend_frame(entry, segment->maddr / ENV_PAGE_SIZE, word);
        *part++ = PARAPET_BLK_PART(at / PARAPET_BLK_SECTOR,
                                   segment->size / PARAPET_BLK_SECTOR);
        segment++;
        entry++;
    }
    slot->nr_lent = (uint8_t)slot->request.nr_segments;
}

/* There is room. */
static void put(struct blk_front *front, uint32_t id)
{
    const struct blk_front_slot *slot = &front->slots[id];
    struct parapet_blk_request wish = {
        .operation = slot->request.operation,
        .nr_parts = slot->request.nr_segments,
        .id = id,
        .sector = slot->request.sector,
        .ref = front->first_ref + slot->entry,
        .nr_sectors = slot->request.nr_sectors,
    };
    uint8_t *in_ring = ring_front_slot(&front->ring, front->ring.put);
    const size_t at = offsetof(struct parapet_blk_request, parts);

    (void)ring_front_put(&front->ring, &wish, at);
    /* This end's until it is told of. */
    if (wish.nr_parts <= BLK_SHORT_PARTS)
        ring_page_write(in_ring + at, slot->parts, BLK_SHORT_PARTS);
    else
        ring_page_write(in_ring + at, slot->parts, sizeof(slot->parts));
}

int blk_front_submit(struct blk_front *front, const struct blk_request *request)
{
    struct blk_front_slot *slot;
    int entry = -PARAPET_EAGAIN;
    uint32_t id;

    if (front->bus.broken)
        return -PV_EIO;
    if (request->nr_segments > PARAPET_BLK_PARTS)
        return -PARAPET_EINVAL;
    if (front->is_connected && front->nr_free > 0)
        entry = take_entries(front, request->nr_segments);
    if (entry < 0) {
        front->wants_room = true;
        return entry;
    }
    id = front->free[--front->nr_free];
    slot = &front->slots[id];
    slot->request = *request;
    slot->order = front->order++;
    slot->entry = (uint16_t)entry;
    slot->is_taken = true;
    lend(front, slot);
    put(front, id);
    return 0;
}

void blk_front_kick(struct blk_front *front)
{
    if (front->is_connected && ring_front_push(&front->ring)) {
        front->nr_told++;
        env_port_send(front->port);
    }
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
        put(front, (uint32_t)(slot - front->slots));
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

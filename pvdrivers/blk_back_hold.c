/* SPDX-License-Identifier: MIT
 *
 * Requests for a device: their frames are held from here until it is done with
 * them, by one call for many. See blk_back.h.
 */
#include "pvdrivers/blk_back_parts.h"

#include "abi/errors.h"
#include "lib/macros.h"
#include "pvdrivers/error.h"

/* There may be no handle for a frame, since others have them; or its lender is
 * just changing something. */
#define RETRY_NS 1000000ull
#define MAX_REFUSED 1000u

_Static_assert(BLK_BACK_BATCH >= PARAPET_BLK_PARTS,
               "a batch has room for the longest request");

/* ---- to hold ---- */

/* The first words of an element: domain and ref, flags and status. */
typedef uint64_t __attribute__((may_alias)) hold_word_t;

_Static_assert(offsetof(struct parapet_grant_hold, ref) == 4 &&
                   offsetof(struct parapet_grant_hold, flags) == 8,
               "written as words: four instructions less for each page");

static void want_frames(struct blk_back *back,
                        const struct blk_back_request *request,
                        struct parapet_grant_hold *hold)
{
    bool is_write = request->store.request.operation == PARAPET_BLK_WRITE;
    const hold_word_t flags = is_write ? PARAPET_GRANT_READONLY : 0;
    const struct parapet_grant_hold *end = hold + request->nr_held;
    hold_word_t who = (uint64_t)request->ref << 32 | back->bus.domain;

    for (; hold != end; hold++) {
        ((hold_word_t *)hold)[0] = who;
        ((hold_word_t *)hold)[1] = flags;
        who += 1ull << 32;
    }
}

/* As many requests as there is room for. How many frames. */
static unsigned int fill(struct blk_back *back, struct blk_back_list *batch)
{
    unsigned int nr = 0;

    blk_back_list_init(batch);
    while (back->to_begin.first &&
           nr + back->to_begin.first->nr_held <= BLK_BACK_BATCH) {
        struct blk_back_request *request = blk_back_list_take(&back->to_begin);

        want_frames(back, request, &back->batch.holds[nr]);
        nr += request->nr_held;
        blk_back_list_add(batch, request);
    }
    return nr;
}

static bool may_pass(int error)
{
    return error == -PARAPET_ENOSPC || error == -PARAPET_EAGAIN;
}

/* Not all could be held: releases what was. The error: one that may pass, if no
 * other was among them. */
static int undo(struct blk_back_request *request,
                const struct parapet_grant_hold *holds)
{
    unsigned int nr = 0;
    int error = 0;

    for (unsigned int i = 0; i < request->nr_held; i++) {
        if (holds[i].status == 0)
            request->handles[nr++].handle = holds[i].handle;
        else if (error == 0 || may_pass(error))
            error = holds[i].status;
    }
    if (nr > 0)
        env_release(request->handles, nr);
    return error;
}

/* 0, or the error. */
static int take_frames(struct blk_back_request *request,
                       const struct parapet_grant_hold *holds)
{
    const struct parapet_grant_hold *hold = holds,
                                    *end = hold + request->nr_held;
    struct parapet_grant_unmap *handle = request->handles;
    struct blk_segment *segment = request->segments;
    const uint8_t *parts = request->parts;
    int all = 0;

    for (; hold != end; hold++) {
        const uint32_t part = *parts++;

        all |= hold->status;
        handle++->handle = hold->handle;
        segment->maddr =
            hold->maddr + PARAPET_BLK_PART_FIRST(part) * PARAPET_BLK_SECTOR;
        segment->size = PARAPET_BLK_PART_NR(part) * PARAPET_BLK_SECTOR;
        segment++;
    }
    return all == 0 ? 0 : undo(request, holds);
}

/* Those that may be held later wait, before the others. */
static void begin_batch(struct blk_back *back, struct blk_back_list *batch,
                        struct blk_back_list *later)
{
    const struct parapet_grant_hold *holds = back->batch.holds;

    while (batch->first) {
        struct blk_back_request *request = blk_back_list_take(batch);
        unsigned int nr = request->nr_held;
        int error = take_frames(request, holds);

        if (error == 0)
            blk_back_submit(back, request);
        else if (!may_pass(error))
            blk_back_answer(back, request, error);
        else if (back->nr_refused < MAX_REFUSED)
            blk_back_list_add(later, request);
        else
            blk_back_answer(back, request, -PV_EIO);
        holds += nr;
    }
}

uint64_t blk_back_hold(struct blk_back *back)
{
    unsigned int before = back->nr_under_way;
    struct blk_back_list batch, later;

    blk_back_list_init(&later);
    while (back->to_begin.first && !later.first) {
        unsigned int nr = fill(back, &batch);

        if (nr > 0)
            env_hold(back->batch.holds, nr);
        begin_batch(back, &batch, &later);
    }
    if (back->nr_under_way != before)
        back->store->ops->kick(back->store);
    if (!later.first) {
        back->nr_refused = 0;
        return ENV_FOREVER;
    }
    back->nr_refused++;
    while (back->to_begin.first)
        blk_back_list_add(&later, blk_back_list_take(&back->to_begin));
    blk_back_list_move(&back->to_begin, &later);
    return env_now() + RETRY_NS;
}

/* ---- to release ---- */

/* Who has more than these releases them by a call of its own, which takes less
 * than to copy them. */
#define FEW 16u

void blk_back_release(struct blk_back *back, struct blk_back_request *first)
{
    struct parapet_grant_unmap *handles = back->batch.handles;
    unsigned int nr = 0;

    for (; first; first = first->next) {
        if (first->nr_held > FEW) {
            env_release(first->handles, first->nr_held);
            continue;
        }
        if (nr + first->nr_held > BLK_BACK_BATCH) {
            env_release(handles, nr);
            nr = 0;
        }
        for (unsigned int i = 0; i < first->nr_held; i++)
            handles[nr++].handle = first->handles[i].handle;
    }
    if (nr > 0)
        env_release(handles, nr);
}

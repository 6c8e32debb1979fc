/* SPDX-License-Identifier: MIT
 *
 * Requests for a device: their frames are held from here until it is done with
 * them, by one call for many. See blk_back.h.
 *
 * A short request has a hold for each frame, a long one a run for all: what a
 * run takes besides its frames is as much as some eight holds.
 */
#include "pvdrivers/blk_back_parts.h"

#include "abi/errors.h"
#include "lib/macros.h"
#include "pvdrivers/error.h"

/* There may be no handle for a frame, since others have them; or its lender is
 * just changing something. */
#define RETRY_NS 1000000ull
#define MAX_REFUSED 1000u

_Static_assert(BLK_BACK_BATCH >= BLK_SHORT_PARTS &&
                   PARAPET_MAX_GRANT_RUN >= PARAPET_BLK_PARTS,
               "a batch has room for a short request, a run for any");

static bool is_short(const struct blk_back_request *request)
{
    return request->nr_held <= BLK_SHORT_PARTS;
}

/* ---- to hold ---- */

/* The first words of an element: domain and ref, flags and what is above. */
typedef uint64_t __attribute__((may_alias)) hold_word_t;

_Static_assert(offsetof(struct parapet_grant_hold, ref) == 4 &&
                   offsetof(struct parapet_grant_hold, flags) == 8 &&
                   offsetof(struct parapet_grant_run, ref) == 4 &&
                   offsetof(struct parapet_grant_run, flags) == 8 &&
                   offsetof(struct parapet_grant_run, nr) == 12,
               "written as words: four instructions less for each");

static void want_holds(struct blk_back *back,
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

static void want_run(const struct blk_back *back,
                     struct blk_back_request *request,
                     struct parapet_grant_run *run)
{
    bool is_write = request->store.request.operation == PARAPET_BLK_WRITE;
    uint64_t flags = is_write ? PARAPET_GRANT_READONLY : 0;
    hold_word_t *words = (hold_word_t *)run;

    words[0] = (uint64_t)request->ref << 32 | back->bus.domain;
    words[1] = (uint64_t)request->nr_held << 32 | flags;
    run->maddrs = (uint64_t)request->run.maddrs;
}

/* How many elements a batch has. */
struct sizes {
    unsigned int holds;
    unsigned int runs;
};

/* As many requests as there is room for. */
static struct sizes fill(struct blk_back *back, struct blk_back_list *batch)
{
    struct sizes nr = {0, 0};

    blk_back_list_init(batch);
    while (back->to_begin.first && nr.runs < BLK_BACK_RUNS &&
           nr.holds + BLK_SHORT_PARTS <= BLK_BACK_BATCH) {
        struct blk_back_request *request = blk_back_list_take(&back->to_begin);

        if (is_short(request)) {
            want_holds(back, request, &back->batch.holds[nr.holds]);
            nr.holds += request->nr_held;
        } else {
            want_run(back, request, &back->batch.runs[nr.runs++]);
        }
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

static void set_one(struct blk_segment *segment, uint64_t maddr, uint32_t part)
{
    segment->maddr = maddr + PARAPET_BLK_PART_FIRST(part) * PARAPET_BLK_SECTOR;
    segment->size = PARAPET_BLK_PART_NR(part) * PARAPET_BLK_SECTOR;
}

/* Of a short request. 0, or the error. */
static int take_holds(struct blk_back_request *request,
                      const struct parapet_grant_hold *holds)
{
    const struct parapet_grant_hold *hold = holds,
                                    *end = hold + request->nr_held;
    struct parapet_grant_unmap *handle = request->handles;
    struct blk_segment *segment = request->segments;
    const uint8_t *parts = request->parts;
    int all = 0;

    for (; hold != end; hold++) {
        all |= hold->status;
        handle++->handle = hold->handle;
        set_one(segment++, hold->maddr, *parts++);
    }
    return all == 0 ? 0 : undo(request, holds);
}

static void set_page(struct blk_segment *segment, uint64_t maddr)
{
    segment->maddr = maddr;
    segment->size = ENV_PAGE_SIZE;
}

/* Eight parts that are whole pages: a loop takes twice as long. */
static void set_pages(struct blk_segment *segments, const uint64_t *maddrs)
{
    set_page(&segments[0], maddrs[0]);
    set_page(&segments[1], maddrs[1]);
    set_page(&segments[2], maddrs[2]);
    set_page(&segments[3], maddrs[3]);
    set_page(&segments[4], maddrs[4]);
    set_page(&segments[5], maddrs[5]);
    set_page(&segments[6], maddrs[6]);
    set_page(&segments[7], maddrs[7]);
}

/* Of a long one. */
static int take_run(struct blk_back_request *request,
                    const struct parapet_grant_run *run)
{
    const unsigned int nr = request->nr_held;
    unsigned int i = 0;

    if (run->status != 0)
        return run->status;
    request->run.handle.handle = run->handle;
    while (i < nr) {
        if (nr - i >= 8 && blk_back_are_whole(&request->parts[i])) {
            set_pages(&request->segments[i], &request->run.maddrs[i]);
            i += 8;
            continue;
        }
        set_one(&request->segments[i], request->run.maddrs[i],
                request->parts[i]);
        i++;
    }
    return 0;
}

/* What came of one; request is in no list. */
static void begin_one(struct blk_back *back, struct blk_back_request *request,
                      int error, struct blk_back_list *later)
{
    if (error == 0)
        blk_back_submit(back, request);
    else if (!may_pass(error))
        blk_back_answer(back, request, error);
    else if (back->nr_refused < MAX_REFUSED)
        blk_back_list_add(later, request);
    else
        blk_back_answer(back, request, -PV_EIO);
}

/* Those that may be held later wait, before the others. */
static void begin_batch(struct blk_back *back, struct blk_back_list *batch,
                        struct blk_back_list *later)
{
    const struct parapet_grant_hold *holds = back->batch.holds;
    const struct parapet_grant_run *run = back->batch.runs;

    while (batch->first) {
        struct blk_back_request *request = blk_back_list_take(batch);
        unsigned int nr = request->nr_held;

        if (is_short(request)) {
            begin_one(back, request, take_holds(request, holds), later);
            holds += nr;
        } else {
            begin_one(back, request, take_run(request, run++), later);
        }
    }
}

uint64_t blk_back_hold(struct blk_back *back)
{
    unsigned int before = back->nr_under_way;
    struct blk_back_list batch, later;

    blk_back_list_init(&later);
    while (back->to_begin.first && !later.first) {
        struct sizes nr = fill(back, &batch);

        if (nr.holds > 0)
            env_hold(back->batch.holds, nr.holds);
        if (nr.runs > 0)
            env_hold_run(back->batch.runs, nr.runs);
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

void blk_back_release(struct blk_back *back,
                      const struct blk_back_request *first)
{
    struct parapet_grant_unmap *handles = back->batch.handles;
    unsigned int nr = 0;

    for (; first; first = first->next) {
        unsigned int nr_own = is_short(first) ? first->nr_held : 1;

        if (nr + nr_own > BLK_BACK_BATCH) {
            env_release(handles, nr);
            nr = 0;
        }
        for (unsigned int i = 0; i < nr_own; i++)
            handles[nr++].handle = first->handles[i].handle;
    }
    if (nr > 0)
        env_release(handles, nr);
}

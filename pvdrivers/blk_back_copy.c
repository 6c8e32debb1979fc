/* SPDX-License-Identifier: MIT
 *
 * Requests for a disk in memory: what is read or written is copied between its
 * pages and those that the front-end lends. Nothing is held. See blk_back.h.
 */
#include "pvdrivers/blk_back_parts.h"

#include "lib/macros.h"
#include "pvdrivers/error.h"

/* A segment may lie in two pages of the disk. */
_Static_assert(BLK_BACK_BATCH >= 2 * PARAPET_BLK_SEGMENTS,
               "a batch has room for the longest request");

static bool is_transfer(const struct blk_back_request *request)
{
    return request->store.request.nr_segments > 0;
}

/* The copies of one segment, at this byte of the disk. Their number, or
 * -PV_EIO. */
static int copy_segment(struct blk_back *back,
                        const struct blk_back_request *request, unsigned int i,
                        uint64_t at, struct env_copy *copies)
{
    bool is_write = request->store.request.operation == PARAPET_BLK_WRITE;
    const struct blk_segment *segment = &request->segments[i];
    uint32_t done = 0;
    int nr = 0;

    while (done < segment->size) {
        uint32_t offset = (uint32_t)((at + done) % ENV_PAGE_SIZE);
        uint8_t *page = back->store->ops->page(
            back->store, (at + done) / ENV_PAGE_SIZE, is_write);

        if (!page)
            return -PV_EIO;
        copies[nr] = (struct env_copy){
            .domain = back->bus.domain,
            .ref = request->handles[i].handle,
            .offset = (uint32_t)segment->maddr + done,
            .length = MIN(segment->size - done, ENV_PAGE_SIZE - offset),
            .own = page + offset,
            .to_own = is_write,
        };
        done += copies[nr++].length;
    }
    return nr;
}

/* All of a request; as above. */
static int copy_segments(struct blk_back *back,
                         const struct blk_back_request *request,
                         struct env_copy *copies)
{
    uint64_t at = request->store.request.sector * PARAPET_BLK_SECTOR;
    int all = 0;

    for (unsigned int i = 0; i < request->store.request.nr_segments; i++) {
        int nr = copy_segment(back, request, i, at, copies + all);

        if (nr < 0)
            return nr;
        all += nr;
        at += request->segments[i].size;
    }
    return all;
}

/* Transfers, as many as there is room for. How many copies. */
static unsigned int fill(struct blk_back *back, struct blk_back_list *batch)
{
    unsigned int nr = 0;

    blk_back_list_init(batch);
    while (back->to_begin.first && is_transfer(back->to_begin.first) &&
           nr + 2 * back->to_begin.first->nr_held <= BLK_BACK_BATCH) {
        struct blk_back_request *request = blk_back_list_take(&back->to_begin);
        int more = copy_segments(back, request, &back->batch.copies[nr]);

        if (more < 0) {
            blk_back_answer(back, request, more);
            continue;
        }
        request->nr_copies = (unsigned int)more;
        nr += request->nr_copies;
        blk_back_list_add(batch, request);
    }
    return nr;
}

static void answer_batch(struct blk_back *back, struct blk_back_list *batch)
{
    const struct env_copy *copies = back->batch.copies;

    while (batch->first) {
        struct blk_back_request *request = blk_back_list_take(batch);
        int error = 0;

        for (unsigned int i = 0; i < request->nr_copies; i++)
            if (error == 0)
                error = copies[i].status;
        copies += request->nr_copies;
        blk_back_answer(back, request, error);
    }
}

uint64_t blk_back_copy(struct blk_back *back)
{
    unsigned int before = back->nr_under_way;
    struct blk_back_list batch;

    while (back->to_begin.first) {
        unsigned int nr = fill(back, &batch);

        if (nr > 0)
            env_copy(back->batch.copies, nr);
        answer_batch(back, &batch);
        if (back->to_begin.first && !is_transfer(back->to_begin.first))
            blk_back_submit(back, blk_back_list_take(&back->to_begin));
    }
    if (back->nr_under_way != before)
        back->store->ops->kick(back->store);
    return ENV_FOREVER;
}

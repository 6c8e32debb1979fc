/* SPDX-License-Identifier: MIT
 *
 * Requests for a disk in memory: what is read or written is copied between its
 * pages and those that the front-end lends. Nothing is held. See blk_back.h.
 */
#include "pvdrivers/blk_back_parts.h"

#include "lib/macros.h"
#include "pvdrivers/error.h"

/* A part may lie in two pages of the disk. */
_Static_assert(BLK_BACK_BATCH >= 2 * PARAPET_BLK_PARTS,
               "a batch has room for the longest request");

static bool is_transfer(const struct blk_back_request *request)
{
    return request->store.request.nr_segments > 0;
}

/* The copies of one part, at this byte of the disk. Their number, or -PV_EIO.
 */
static int copy_part(struct blk_back *back,
                     const struct blk_back_request *request, unsigned int i,
                     uint64_t at, struct env_copy *copies)
{
    bool is_write = request->store.request.operation == PARAPET_BLK_WRITE;
    uint32_t first =
        PARAPET_BLK_PART_FIRST(request->parts[i]) * PARAPET_BLK_SECTOR;
    uint32_t size = PARAPET_BLK_PART_NR(request->parts[i]) * PARAPET_BLK_SECTOR;
    uint32_t done = 0;
    int nr = 0;

    while (done < size) {
        uint32_t offset = (uint32_t)((at + done) % ENV_PAGE_SIZE);
        uint8_t *page = back->store->ops->page(
            back->store, (at + done) / ENV_PAGE_SIZE, is_write);

        if (!page)
            return -PV_EIO;
        copies[nr] = (struct env_copy){
            .domain = back->bus.domain,
            .ref = request->ref + i,
            .offset = first + done,
            .length = MIN(size - done, ENV_PAGE_SIZE - offset),
            .own = page + offset,
            .to_own = is_write,
        };
        done += copies[nr++].length;
    }
    return nr;
}

/* All of a request; as above. */
static int copy_parts(struct blk_back *back,
                      const struct blk_back_request *request,
                      struct env_copy *copies)
{
    uint64_t at = request->store.request.sector * PARAPET_BLK_SECTOR;
    int all = 0;

    for (unsigned int i = 0; i < request->nr_held; i++) {
        int nr = copy_part(back, request, i, at, copies + all);

        if (nr < 0)
            return nr;
        all += nr;
        at += PARAPET_BLK_PART_NR(request->parts[i]) * PARAPET_BLK_SECTOR;
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
        int more = copy_parts(back, request, &back->batch.copies[nr]);

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

/* SPDX-License-Identifier: MIT
 *
 * One request of a device at a time is made of the pages that a transfer
 * touches. Pages that are kept of the same place are forgotten when a write is
 * done: who reads them before that reads what was there before, as he might
 * have done on the device.
 */
#include "guest-kernel/block/block_direct.h"

#include "guest-kernel/block/block.h"
#include "guest-kernel/block/block_page.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/mm/space.h"
#include "guest-kernel/mm/user_page.h"
#include "guest-kernel/privops/mmu.h"
#include "lib/macros.h"

/* Segments of one request, if the device takes so many. */
#define SEGMENTS_MAX 256u

struct direct {
    struct block_request request;
    struct block_device *device;
    struct file_request *owner; /* NULL: somebody waits */
    uint64_t start;             /* in bytes of the device */
    uint64_t end;
    unsigned int nr, max;
    void **pages; /* counted */
    struct block_segment *segments;
};

bool block_direct_is_aligned(const struct block_device *device, uint64_t at,
                             const struct io *io)
{
    return ((at | io->vaddr | io->left) & (device->block_size - 1)) == 0;
}

/* ---- pages ---- */

static struct direct *create(struct block_device *device, bool is_read,
                             uint64_t at, unsigned int max)
{
    struct direct *direct =
        kmalloc(sizeof(*direct) +
                max * (sizeof(direct->pages[0]) + sizeof(direct->segments[0])));

    if (direct == NULL)
        return NULL;
    *direct = (struct direct){
        .request = {.operation = is_read ? BLOCK_READ : BLOCK_WRITE,
                    .sector = at / BLOCK_SECTOR,
                    .context = direct},
        .device = device,
        .start = at,
        .end = at,
        .max = max,
        .segments = (struct block_segment *)(direct + 1),
    };
    direct->request.segments = direct->segments;
    direct->pages = (void **)(direct->segments + max);
    return direct;
}

static void destroy(struct direct *direct)
{
    unsigned int i;

    for (i = 0; i < direct->nr; i++)
        if (user_page_drop(direct->pages[i]))
            page_free(direct->pages[i]);
    kfree(direct);
}

/* How many pages size bytes from vaddr on touch. */
static uint64_t nr_touched(uint64_t vaddr, uint64_t size)
{
    return size > 0 ? (vaddr % PAGE_SIZE + size + PAGE_SIZE - 1) / PAGE_SIZE
                    : 0;
}

/* Takes the memory of size bytes from vaddr on, in max pages: as much as is
 * there. */
static void add_pages(struct direct *direct, struct space *space,
                      uint64_t vaddr, uint64_t size)
{
    struct block_segment *segment = direct->segments;
    uint64_t part, offset = vaddr % PAGE_SIZE;
    unsigned int i;

    direct->nr =
        space_pin(space, vaddr, direct->max,
                  direct->request.operation == BLOCK_READ, direct->pages);
    for (i = 0; i < direct->nr; i++) {
        part = MIN(size, PAGE_SIZE - offset);
        *segment++ = (struct block_segment){
            mmu_address((char *)direct->pages[i] + offset), (uint32_t)part};
        direct->end += part;
        size -= part;
        offset = 0;
    }
    direct->request.nr_segments = direct->nr;
}

/* A request for the first bytes of io, at most size, that are in one. NULL
 * without memory. */
static struct direct *prepare(struct block_device *device, bool is_read,
                              uint64_t at, uint64_t size, const struct io *io)
{
    struct direct *direct;
    uint64_t max;

    size = MIN(size, (uint64_t)device->max_bytes);
    max = MIN(nr_touched(io->vaddr, size),
              (uint64_t)MIN(device->max_segments, SEGMENTS_MAX));
    direct = create(device, is_read, at, (unsigned int)max);
    if (direct != NULL)
        add_pages(direct, io->space, io->vaddr, size);
    return direct;
}

/* ---- the way of a request ---- */

static void forget(const struct direct *direct)
{
    if (direct->request.operation == BLOCK_WRITE)
        block_page_forget(direct->device, direct->start, direct->end);
}

/* A part, which the caller waits for. How many bytes, or a negative error
 * number. */
static int64_t transfer_part(struct block_device *device, bool is_read,
                             uint64_t at, uint64_t size, const struct io *io)
{
    struct direct *direct = prepare(device, is_read, at, size, io);
    int64_t result;

    if (direct == NULL)
        return -ENOMEM;
    result = -EFAULT;
    if (direct->nr > 0) {
        result = block_do(device, &direct->request);
        forget(direct);
    }
    if (result == 0)
        result = (int64_t)(direct->end - direct->start);
    destroy(direct);
    return result;
}

int64_t block_direct_transfer(struct block_device *device, bool is_read,
                              uint64_t at, uint64_t end, struct io *io)
{
    uint64_t start = at;
    int64_t result = 0;

    end = MIN(end, at + io->left);
    while (at < end) {
        if (signal_is_ending())
            result = -ERESTARTSYS;
        else
            result = transfer_part(device, is_read, at, end - at, io);
        if (result < 0)
            break;
        at += (uint64_t)result;
        io->vaddr += (uint64_t)result;
        io->left -= (uint64_t)result;
    }
    return at > start ? (int64_t)(at - start) : result;
}

/* Interrupts are disabled. */
static void end_direct(struct block_request *request)
{
    struct direct *direct = request->context;
    struct file_request *owner = direct->owner;
    int64_t result = request->status;

    forget(direct);
    if (result == 0)
        result = (int64_t)(direct->end - direct->start);
    destroy(direct);
    owner->done(owner, result);
}

bool block_direct_submit(struct block_device *device, uint64_t at, uint64_t end,
                         struct file_request *request)
{
    uint64_t size = MIN(request->io.left, end - at);
    struct direct *direct;

    if (request->operation == FILE_SYNC)
        size = 0;
    direct = prepare(device, request->operation == FILE_READ, at, size,
                     &request->io);
    if (direct == NULL)
        return false;
    if (direct->end - direct->start < size) {
        destroy(direct);
        return false;
    }
    if (request->operation == FILE_SYNC)
        direct->request.operation = BLOCK_FLUSH;
    direct->owner = request;
    direct->request.done = end_direct;
    block_submit(device, &direct->request);
    return true;
}

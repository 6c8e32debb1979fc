/* SPDX-License-Identifier: MIT
 *
 * Reads and writes by way of pages in memory, in requests as large as the
 * device takes.
 */
#include "guest-kernel/block/block_cache.h"

#include <stdbool.h>

#include "guest-kernel/block/block.h"
#include "guest-kernel/block/block_page.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/privops/mmu.h"
#include "guest-kernel/thread/sched.h"
#include "lib/macros.h"

/* Pages in one request, if the device takes so many. */
#define BATCH_MAX 256u

/* ---- requests for several pages ---- */

struct batch {
    struct block_device *device;
    struct block_request request;
    uint64_t first; /* the number of the first page */
    unsigned int nr, max;
    struct block_page **pages;
    struct block_segment *segments;
};

static uint64_t device_bytes(const struct block_device *device)
{
    return device->nr_sectors * BLOCK_SECTOR;
}

/* What of a page is on the device: the last one may be less than a page. */
static uint32_t page_bytes(const struct block_device *device, uint64_t number)
{
    return (uint32_t)MIN(device_bytes(device) - number * PAGE_SIZE,
                         (uint64_t)PAGE_SIZE);
}

/* For pages from number `first` on: as many as are wanted, and the device
 * takes. NULL without memory. */
static struct batch *batch_create(struct block_device *device, uint64_t first,
                                  uint64_t nr_wanted)
{
    uint64_t max =
        MIN(MIN(nr_wanted, (uint64_t)BATCH_MAX),
            MIN(device->max_segments, device->max_bytes / PAGE_SIZE));
    struct batch *batch;

    max = MAX(max, 1);
    batch = kmalloc(sizeof(*batch) + max * (sizeof(batch->pages[0]) +
                                            sizeof(batch->segments[0])));
    if (batch == NULL)
        return NULL;
    *batch = (struct batch){
        .device = device,
        .first = first,
        .max = (unsigned int)max,
        .segments = (struct block_segment *)(batch + 1),
    };
    batch->pages = (struct block_page **)(batch->segments + max);
    return batch;
}

/* It is the caller's, and no more the batch's. */
static struct block_page *batch_take_first(struct batch *batch)
{
    struct block_page *first = batch->pages[0];

    batch->pages[0] = NULL;
    return first;
}

/* All are released: the first nr_good with what the device has. */
static void batch_end(struct batch *batch, unsigned int nr_good)
{
    unsigned int i;

    for (i = 0; i < batch->nr; i++)
        if (batch->pages[i] != NULL)
            block_page_release(batch->pages[i], i < nr_good);
    kfree(batch);
}

static int64_t batch_do(struct batch *batch, enum block_operation operation)
{
    unsigned int i;

    for (i = 0; i < batch->nr; i++)
        batch->segments[i] = (struct block_segment){
            .maddr = mmu_address(batch->pages[i]->bytes),
            .size = page_bytes(batch->device, batch->first + i),
        };
    batch->request = (struct block_request){
        .operation = operation,
        .sector = batch->first * (PAGE_SIZE / BLOCK_SECTOR),
        .segments = batch->segments,
        .nr_segments = batch->nr,
    };
    return block_do(batch->device, &batch->request);
}

/* Between two parts of a transfer others may run; and it stops there if its
 * program is to end. Keeps an error. */
static int64_t breathe(int64_t error)
{
    sched_breathe();
    return error >= 0 && signal_is_ending() ? -ERESTARTSYS : error;
}

/* ---- reading ---- */

/* Takes pages that are not there, up to the first that is. */
static enum block_taken take_new(struct batch *batch)
{
    enum block_taken taken = TAKEN_NEW;
    struct block_page *page;

    while (batch->nr < batch->max) {
        taken = block_page_take(batch->device, batch->first + batch->nr, true,
                                &page);
        if (taken == TAKEN_GOOD)
            block_page_release(page, true);
        if (taken != TAKEN_NEW)
            break;
        batch->pages[batch->nr++] = page;
    }
    return taken;
}

/* Reads nr_wanted pages, or fewer, into memory. The first is the caller's, even
 * if somebody has written to the device meanwhile: who does that all the time
 * keeps nobody from reading. NULL, and no error: it was somebody's. An error
 * counts if it is that of the first: those after it may not even be wanted. */
static int64_t fetch(struct block_device *device, uint64_t first,
                     uint64_t nr_wanted, struct block_page **page)
{
    struct batch *batch = batch_create(device, first, nr_wanted);
    enum block_taken taken;
    unsigned int nr;
    int64_t error;

    if (batch == NULL)
        return -ENOMEM;
    taken = take_new(batch);
    nr = batch->nr;
    if (nr == 0) {
        batch_end(batch, 0);
        return taken == TAKEN_GOOD ? 0 : block_page_wait(taken);
    }
    error = batch_do(batch, BLOCK_READ);
    if (error == 0)
        *page = batch_take_first(batch);
    batch_end(batch, error == 0 ? nr : 0);
    return error != 0 && nr > 1 ? fetch(device, first, 1, page) : error;
}

/* How many pages are there from `at` on for so many bytes, if the device has
 * them. */
static uint64_t nr_pages_from(const struct block_device *device, uint64_t at,
                              uint64_t size)
{
    uint64_t end = MIN(device_bytes(device), at + size);

    return (end + PAGE_SIZE - 1) / PAGE_SIZE - at / PAGE_SIZE;
}

/* The page of `at`, which is there or is read with those of the size bytes from
 * there on: the caller's. NULL, and no error: it is to try again. */
static int64_t get_page(struct block_device *device, uint64_t at, uint64_t size,
                        struct block_page **page)
{
    uint64_t number = at / PAGE_SIZE;
    enum block_taken taken = block_page_take(device, number, false, page);

    if (taken == TAKEN_GOOD)
        return 0;
    *page = NULL;
    return taken == TAKEN_BUSY
               ? block_page_wait(taken)
               : fetch(device, number, nr_pages_from(device, at, size), page);
}

/* Copies from one page; nothing if that is to be tried again. */
static int64_t read_page(struct block_device *device, uint64_t at, size_t size,
                         struct io *to, uint64_t ahead)
{
    size_t part = MIN(size, PAGE_SIZE - at % PAGE_SIZE);
    struct block_page *page;
    bool is_copied;
    int64_t error = get_page(device, at, size + ahead, &page);

    if (error != 0 || page == NULL)
        return error;
    is_copied = io_put(to, page->bytes + at % PAGE_SIZE, part);
    block_page_release(page, true);
    return is_copied ? 0 : -EFAULT;
}

int64_t block_cache_read(struct block_device *device, uint64_t at, uint64_t end,
                         struct io *to, uint64_t ahead)
{
    size_t whole = to->left, before;
    int64_t error = 0;

    while (to->left > 0 && at < end && error == 0) {
        before = to->left;
        error = read_page(device, at, MIN(to->left, end - at), to, ahead);
        at += before - to->left;
        error = breathe(error);
    }
    return to->left < whole ? (int64_t)(whole - to->left) : error;
}

/* ---- writing ---- */

/* All of the size, or nothing. False: a bad address. */
static bool get_all(struct io *from, void *to, size_t size)
{
    const struct io before = *from;
    bool is_copied = io_get(from, to, size);

    if (!is_copied)
        *from = before;
    return is_copied;
}

/* Fills pages that are written as a whole; it is no matter what they had
 * before. 0 if it got one, else why not. */
static int64_t fill_pages(struct batch *batch, struct io *from)
{
    enum block_taken taken = TAKEN_NEW;
    struct block_page *page;

    while (batch->nr < batch->max) {
        taken = block_page_take(batch->device, batch->first + batch->nr, true,
                                &page);
        if (taken == TAKEN_BUSY || taken == TAKEN_NONE)
            break;
        if (!get_all(from, page->bytes,
                     page_bytes(batch->device, batch->first + batch->nr))) {
            block_page_release(page, false);
            return batch->nr > 0 ? 0 : -EFAULT;
        }
        batch->pages[batch->nr++] = page;
    }
    return batch->nr > 0 ? 0 : block_page_wait(taken);
}

/* How many bytes were written: 0 to try again. Or a negative error number. */
static int64_t write_pages(struct block_device *device, uint64_t at,
                           uint64_t nr_wanted, struct io *from)
{
    struct batch *batch = batch_create(device, at / PAGE_SIZE, nr_wanted);
    int64_t error, size = 0;
    unsigned int nr, i;

    if (batch == NULL)
        return -ENOMEM;
    error = fill_pages(batch, from);
    nr = batch->nr;
    for (i = 0; i < nr; i++)
        size += page_bytes(device, batch->first + i);
    if (nr > 0)
        error = batch_do(batch, BLOCK_WRITE);
    batch_end(batch, error == 0 ? nr : 0);
    return error != 0 ? error : size;
}

/* Writes the blocks of a page that have something of these bytes. */
static int64_t write_blocks(struct block_device *device,
                            const struct block_page *page, size_t start,
                            size_t end)
{
    struct block_segment segment;
    struct block_request request = {
        .operation = BLOCK_WRITE,
        .segments = &segment,
        .nr_segments = 1,
    };

    start = ALIGN_DOWN(start, device->block_size);
    end = ALIGN_UP(end, device->block_size);
    segment.maddr = mmu_address(page->bytes + start);
    segment.size = (uint32_t)(end - start);
    request.sector = (page->number * PAGE_SIZE + start) / BLOCK_SECTOR;
    return block_do(device, &request);
}

/* A part of one page, of which the rest has to be known. As write_pages(). */
static int64_t write_part(struct block_device *device, uint64_t at, size_t size,
                          struct io *from)
{
    size_t start = at % PAGE_SIZE;
    struct block_page *page;
    int64_t error = get_page(device, at, 1, &page);

    if (error != 0 || page == NULL)
        return error;
    if (!get_all(from, page->bytes + start, size))
        error = -EFAULT;
    if (error == 0)
        error = write_blocks(device, page, start, start + size);
    block_page_release(page, error == 0);
    return error != 0 ? error : (int64_t)size;
}

/* What comes next of a write: as many whole pages as one request has, or a part
 * of one. */
static int64_t write_next(struct block_device *device, uint64_t at, size_t size,
                          struct io *from)
{
    uint64_t number = at / PAGE_SIZE;
    size_t in_page = page_bytes(device, number) - at % PAGE_SIZE;

    if (at % PAGE_SIZE != 0 || size < in_page)
        return write_part(device, at, MIN(size, in_page), from);
    return write_pages(device, at, MAX(size / PAGE_SIZE, 1), from);
}

int64_t block_cache_write(struct block_device *device, uint64_t at,
                          uint64_t end, struct io *from)
{
    uint64_t start = at;
    int64_t result = 0;

    end = MIN(end, at + from->left);
    while (at < end && result >= 0) {
        result = write_next(device, at, end - at, from);
        if (result > 0)
            at += (uint64_t)result;
        result = breathe(result);
    }
    return at > start ? (int64_t)(at - start) : result;
}

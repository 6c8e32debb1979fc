/* SPDX-License-Identifier: MIT
 *
 * The pages of block/block_cache.c: which there are, and who has each. A page
 * is good, or busy: then one caller, who took it, reads it from the device,
 * writes it there, or copies to or from it, and all others wait. A caller that
 * waits for one page has no other, so no two wait for each other.
 *
 * They may have a quarter of the memory that would be free without them. Those
 * that were not used for the longest time go first, and all that are not busy
 * when somebody else needs memory.
 */
#ifndef GUEST_KERNEL_BLOCK_BLOCK_PAGE_H
#define GUEST_KERNEL_BLOCK_BLOCK_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/list.h"

struct block_device;

struct block_page {
    struct list_node bucket;
    struct list_node age; /* the oldest first */
    const struct block_device *device;
    uint64_t number;
    char *bytes;
    bool is_busy;
    bool is_stale; /* and busy: it goes when its caller is done */
};

enum block_taken {
    TAKEN_GOOD, /* it is what the device has, and the caller's */
    TAKEN_NEW,  /* it is the caller's, and has anything in it */
    TAKEN_BUSY, /* it is somebody's */
    TAKEN_NONE, /* it is not there */
};

/* can_make: what is not there is made, unless there is no memory. */
enum block_taken block_page_take(const struct block_device *device,
                                 uint64_t number, bool can_make,
                                 struct block_page **page);

/* The end of it: what the page has is what the device has, or unknown. */
void block_page_release(struct block_page *page, bool is_good);

/* block_page_take() said TAKEN_BUSY or, though it could make one, TAKEN_NONE;
 * and the caller has no other page. Sleeps. 0, to try again, or -ENOMEM. */
int64_t block_page_wait(enum block_taken taken);

/* Somebody has changed these bytes of the device itself. Busy pages are
 * forgotten as soon as they are released. Any context. */
void block_page_forget(struct block_device *device, uint64_t start,
                       uint64_t end);

/* How many there are. Any context. */
uint64_t block_page_count(void);

/* From now on they go when memory is short. */
void block_page_init(void);

#endif

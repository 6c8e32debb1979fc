/* SPDX-License-Identifier: MIT
 *
 * What both ends of a disk on the bus (abi/blk.h) say to those who own them:
 * disks, and memory by machine addresses.
 */
#ifndef PVDRIVERS_BLK_H
#define PVDRIVERS_BLK_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/blk.h"
#include "pvdrivers/bus.h"
#include "pvdrivers/ring_page.h"

/* So much of a request is written and read if it has no more parts than fit. */
#define BLK_SHORT 32u
#define BLK_SHORT_PARTS 8u

/* Memory inside one page, a multiple of sectors. A kernel that has the same
 * structure under another name may give that. */
struct blk_segment {
    uint64_t maddr;
    uint32_t size;
} __attribute__((may_alias));

/* What its owner, or a back-end, wants done. It stays, with its segments, until
 * it is done. */
struct blk_request {
    uint16_t operation; /* PARAPET_BLK_* */
    uint16_t nr_segments;
    uint32_t nr_sectors; /* of a discard */
    uint64_t sector;
    const struct blk_segment *segments;
    void *cookie; /* the owner's */
};

struct blk_disk {
    uint64_t identity; /* of the store */
    uint64_t nr_sectors;
    uint32_t block_size;  /* bytes: what is written is multiples of it */
    uint32_t most;        /* sectors in one read or write */
    uint32_t max_discard; /* sectors in one */
    bool read_only;
    bool can_flush; /* else what is written is safe when it is done */
    bool can_discard;
};

/* To the parameters of a back-end. */
static inline void blk_disk_tell(const struct blk_disk *disk,
                                 uint32_t parameters[PARAPET_BUS_PARAMETERS])
{
    parameters[PARAPET_BLK_SECTORS_LOW] = (uint32_t)disk->nr_sectors;
    parameters[PARAPET_BLK_SECTORS_HIGH] = (uint32_t)(disk->nr_sectors >> 32);
    parameters[PARAPET_BLK_FLAGS] =
        (disk->read_only ? PARAPET_BLK_READONLY : 0) |
        (disk->can_flush ? PARAPET_BLK_CAN_FLUSH : 0) |
        (disk->can_discard ? PARAPET_BLK_CAN_DISCARD : 0);
    parameters[PARAPET_BLK_BLOCK] = disk->block_size;
    parameters[PARAPET_BLK_MOST] = disk->most;
    parameters[PARAPET_BLK_MOST_DISCARD] = disk->max_discard;
    parameters[PARAPET_BLK_IDENTITY_LOW] = (uint32_t)disk->identity;
    parameters[PARAPET_BLK_IDENTITY_HIGH] = (uint32_t)(disk->identity >> 32);
}

/* From there. False: no disk can be so. */
static inline bool
blk_disk_understand(struct blk_disk *disk,
                    const uint32_t parameters[PARAPET_BUS_PARAMETERS])
{
    uint32_t flags = parameters[PARAPET_BLK_FLAGS];

    *disk = (struct blk_disk){
        .identity = (uint64_t)parameters[PARAPET_BLK_IDENTITY_HIGH] << 32 |
                    parameters[PARAPET_BLK_IDENTITY_LOW],
        .nr_sectors = (uint64_t)parameters[PARAPET_BLK_SECTORS_HIGH] << 32 |
                      parameters[PARAPET_BLK_SECTORS_LOW],
        .block_size = parameters[PARAPET_BLK_BLOCK],
        .most = parameters[PARAPET_BLK_MOST],
        .max_discard = parameters[PARAPET_BLK_MOST_DISCARD],
        .read_only = (flags & PARAPET_BLK_READONLY) != 0,
        .can_flush = (flags & PARAPET_BLK_CAN_FLUSH) != 0,
        .can_discard = (flags & PARAPET_BLK_CAN_DISCARD) != 0,
    };
    return disk->nr_sectors <= UINT64_MAX / PARAPET_BLK_SECTOR &&
           disk->block_size >= PARAPET_BLK_SECTOR && disk->block_size <= 4096 &&
           (disk->block_size & (disk->block_size - 1)) == 0 &&
           disk->most >= 4096 / PARAPET_BLK_SECTOR &&
           (disk->max_discard != 0 || !disk->can_discard);
}

static inline bool blk_disk_is_same(const struct blk_disk *disk,
                                    const struct blk_disk *other)
{
    return disk->identity == other->identity &&
           disk->nr_sectors == other->nr_sectors &&
           disk->block_size == other->block_size && disk->most == other->most &&
           disk->max_discard == other->max_discard &&
           disk->read_only == other->read_only &&
           disk->can_flush == other->can_flush &&
           disk->can_discard == other->can_discard;
}

#endif

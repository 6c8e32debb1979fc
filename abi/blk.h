/* SPDX-License-Identifier: MIT
 *
 * Disks on the bus: what stands in the slots of their ring (abi/ring.h), and
 * what the parameters of the two ends mean. docs/RINGS.md is the prose.
 *
 *   a request, 64 bytes
 *   0   operation, nr_parts, id
 *   8   sector
 *   16  ref, nr_sectors
 *   24  parts: 8 of them are in the first 32 bytes
 *
 * The pages of a request are lent by references in a row: part i is in the page
 * of ref + i. So a part needs a byte alone. They are lent until the response
 * comes. When it does the back-end has none of them any more.
 *
 * The front-end writes requests, the back-end responses. A request has an id
 * that no other one has before the response to it was taken. Requests are done
 * in any order; what must come after another one is put when that was answered.
 * A flush covers the writes that were answered before it was put. A back-end
 * may do a request twice: again after the next `connected`, if it was not
 * answered.
 */
#ifndef ABI_BLK_H
#define ABI_BLK_H

#include <stdint.h>

#include "abi/ring.h"
#include "abi/shared.h"

#define PARAPET_BLK_VERSION 1
#define PARAPET_BLK_SECTOR 512 /* bytes, whatever the disk's own blocks are */

/* parapet_blk_request.operation */
#define PARAPET_BLK_READ 0    /* writes to the parts */
#define PARAPET_BLK_WRITE 1   /* they may be lent to read only */
#define PARAPET_BLK_FLUSH 2   /* no parts, sector or nr_sectors */
#define PARAPET_BLK_DISCARD 3 /* no parts: nr_sectors, from sector on */

#define PARAPET_BLK_PARTS 33 /* of a request: 128 KiB wherever it begins */

/* A part of a page: sectors from first on, nr of them. nr is not 0, and first +
 * nr at most 8. */
#define PARAPET_BLK_PART(first, nr) ((uint8_t)((nr) << 4 | (first)))
#define PARAPET_BLK_PART_FIRST(part) ((part)&0xfu)
#define PARAPET_BLK_PART_NR(part) ((part) >> 4)

struct parapet_blk_request {
    uint16_t operation; /* PARAPET_BLK_* */
    uint16_t nr_parts;  /* 1 to PARAPET_BLK_PARTS, or 0 without */
    uint32_t id;
    uint64_t sector;
    uint32_t ref;        /* grant of the first part's page */
    uint32_t nr_sectors; /* of a discard */
    uint8_t parts[40];
};

/*
 * status: 0, or one of
 *   -EIO        (-5)   the disk has failed
 *   -EPERM      (-1)   a page is not lent as the operation needs it
 *   -EINVAL     (-22)  the request is none, or is beyond the disk's end
 *   -EROFS      (-30)  the disk is to be read only
 *   -EOPNOTSUPP (-95)  the disk does not do that operation
 * or another error of a grant call; the front-end takes what it does not know
 * for -EIO.
 */
struct parapet_blk_response {
    uint32_t id; /* of the request */
    int32_t status;
};

#define PARAPET_BLK_REQUESTS                                                   \
    PARAPET_RING_SLOTS(sizeof(struct parapet_blk_request))

/* Parameters of the back-end; all are there when it says `offered`. */
#define PARAPET_BLK_SECTORS_LOW 0  /* the disk's size, */
#define PARAPET_BLK_SECTORS_HIGH 1 /* in sectors */
#define PARAPET_BLK_FLAGS 2        /* PARAPET_BLK_READONLY, ... */
#define PARAPET_BLK_BLOCK                                                      \
    3                      /* bytes; what is written is multiples of it:       \
                              a power of two from 512 to 4096 */
#define PARAPET_BLK_MOST 4 /* sectors in one read or write: from 8 on */
#define PARAPET_BLK_MOST_DISCARD 5 /* sectors in one discard */
/* Which store it is: the same number as long as what is written stays there,
 * whoever serves it, and of no other one. */
#define PARAPET_BLK_IDENTITY_LOW 6
#define PARAPET_BLK_IDENTITY_HIGH 7

#define PARAPET_BLK_READONLY 0x1
#define PARAPET_BLK_CAN_FLUSH 0x2 /* else what is answered is safe */
#define PARAPET_BLK_CAN_DISCARD 0x4

/* Parameters of the front-end. */
#define PARAPET_BLK_FRONT_VERSION 0 /* PARAPET_BLK_VERSION */
/* While it is closed: the life of a back-end whose disk it does not take, as it
 * uses the one that was there before. */
#define PARAPET_BLK_FRONT_REFUSES 1

PARAPET_ASSERT_OFFSET(parapet_blk_request, id, 4);
PARAPET_ASSERT_OFFSET(parapet_blk_request, sector, 8);
PARAPET_ASSERT_OFFSET(parapet_blk_request, ref, 16);
PARAPET_ASSERT_OFFSET(parapet_blk_request, parts, 24);
PARAPET_ASSERT_SIZE(parapet_blk_request, 64);
PARAPET_ASSERT_OFFSET(parapet_blk_response, status, 4);
PARAPET_ASSERT_SIZE(parapet_blk_response, 8);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Disks on the bus: what stands in the slots of their ring (abi/ring.h), and
 * what the parameters of the two ends mean. docs/RINGS.md is the prose.
 *
 *   a request, 64 bytes             a page of lists, which the front-end lends
 *   0   operation, nr_segments, id    0    list of id 0  (16): 32 segments
 *   8   sector                        256  list of id 1  (17)
 *   16  the first 6 segments          ...
 *
 * The front-end writes requests and lists, the back-end responses. A request
 * has an id, below PARAPET_BLK_REQUESTS, that no other one has before the
 * response to it was taken. Its segments from the seventh on stand in the list
 * of its id, from the list's begin.
 *
 * The pages that segments name are lent until the response comes. When it does
 * the back-end has none of them any more. Requests are done in any order; what
 * must come after another one is put when that was answered. A flush covers
 * the writes that were answered before it was put. A back-end may do a request
 * twice: again after the next `connected`, if it was not answered.
 */
#ifndef ABI_BLK_H
#define ABI_BLK_H

#include <stdint.h>

#include "abi/ring.h"
#include "abi/shared.h"

#define PARAPET_BLK_VERSION 1
#define PARAPET_BLK_SECTOR 512 /* bytes, whatever the disk's own blocks are */

/* parapet_blk_request.operation */
#define PARAPET_BLK_READ 0    /* writes to the segments */
#define PARAPET_BLK_WRITE 1   /* they may be lent to read only */
#define PARAPET_BLK_FLUSH 2   /* no segments, sector or nr_sectors */
#define PARAPET_BLK_DISCARD 3 /* no segments: nr_sectors, from sector on */

#define PARAPET_BLK_INLINE 6    /* segments in the slot */
#define PARAPET_BLK_LIST 32     /* segments in a list */
#define PARAPET_BLK_SEGMENTS 33 /* of a request: 128 KiB wherever it begins */
#define PARAPET_BLK_LIST_PAGES 2

/* A part of a page. A word of 64 bits, which is read at once. */
struct parapet_blk_segment {
    uint32_t ref;   /* grant of the page */
    uint16_t first; /* sector in the page, 0 to 7 */
    uint16_t nr;    /* of sectors, first + nr at most 8; not 0 */
};

struct parapet_blk_request {
    uint16_t operation;   /* PARAPET_BLK_* */
    uint16_t nr_segments; /* 1 to PARAPET_BLK_SEGMENTS, or 0 without */
    uint32_t id;
    uint64_t sector;
    union {
        struct parapet_blk_segment segments[PARAPET_BLK_INLINE];
        uint64_t nr_sectors; /* of a discard */
    };
};

/*
 * status: 0, or one of
 *   -EIO        (-5)   the disk has failed
 *   -EPERM      (-1)   a segment is not lent as the operation needs it
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

#define PARAPET_BLK_READONLY 0x1
#define PARAPET_BLK_CAN_FLUSH 0x2 /* else what is answered is safe */
#define PARAPET_BLK_CAN_DISCARD 0x4

/* Parameters of the front-end. */
#define PARAPET_BLK_FRONT_VERSION 0 /* PARAPET_BLK_VERSION */
#define PARAPET_BLK_FRONT_LISTS 1   /* grants of the two pages of lists */

PARAPET_ASSERT_SIZE(parapet_blk_segment, 8);
PARAPET_ASSERT_OFFSET(parapet_blk_segment, first, 4);
PARAPET_ASSERT_OFFSET(parapet_blk_request, id, 4);
PARAPET_ASSERT_OFFSET(parapet_blk_request, sector, 8);
PARAPET_ASSERT_OFFSET(parapet_blk_request, segments, 16);
PARAPET_ASSERT_SIZE(parapet_blk_request, 64);
PARAPET_ASSERT_OFFSET(parapet_blk_response, status, 4);
PARAPET_ASSERT_SIZE(parapet_blk_response, 8);
_Static_assert(PARAPET_BLK_REQUESTS *PARAPET_BLK_LIST *
                       sizeof(struct parapet_blk_segment) ==
                   PARAPET_BLK_LIST_PAGES * 4096,
               "each request has a list");

#endif

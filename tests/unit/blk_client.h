/* SPDX-License-Identifier: MIT
 *
 * Who uses a disk in the tests: writes sectors that say their number and
 * generation, and finds each as it was last acknowledged, however long that
 * takes and whatever fails meanwhile. Several requests are under way, none of
 * them to sectors of another one. What is not so ends the program.
 */
#ifndef TESTS_UNIT_BLK_CLIENT_H
#define TESTS_UNIT_BLK_CLIENT_H

#include "pvdrivers/blk_front.h"
#include "tests/unit/blk_disk.h"

#define BLK_CLIENT_PAGES 48

struct blk_client_request {
    bool is_taken;
    struct blk_request wish;
    struct blk_segment segments[PARAPET_BLK_PARTS];
    unsigned int nr_pages;
    uint8_t *pages[PARAPET_BLK_PARTS];
    uint32_t sectors; /* from wish.sector on */
    uint32_t generation;
};

struct blk_client {
    struct blk_front *front; /* whose domain the caller is in */
    bool may_fail;
    unsigned int max_segments; /* of a request */
    uint64_t random;
    uint32_t last_generation;
    /* Of each sector: the acknowledged one, and another that it may have since
     * a write failed. */
    uint32_t generation[BLK_DISK_SECTORS];
    uint32_t maybe[BLK_DISK_SECTORS];
    bool is_busy[BLK_DISK_SECTORS];
    struct blk_client_request requests[PARAPET_BLK_REQUESTS];
    unsigned int nr_under_way;
    unsigned int nr_done;
    unsigned int nr_failed;
    uint8_t *pages[BLK_CLIENT_PAGES];
    unsigned int nr_free; /* of them */
};

/* Takes pages of the calling domain, and gives them back. */
void blk_client_make(struct blk_client *client, struct blk_front *front,
                     uint64_t seed);
void blk_client_free(struct blk_client *client);

/* Submits one more; false: there was no room for it at either end. */
bool blk_client_submit(struct blk_client *client);

/* From the user's done(). */
void blk_client_done(struct blk_client *client, void *cookie, int status);

/* What all sectors must be, as the disk has them now. */
void blk_client_check(const struct blk_client *client,
                      const struct blk_disk_device *disk);

#endif

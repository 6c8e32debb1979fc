/* SPDX-License-Identifier: MIT
 *
 * Two disks of domain 1, which domain 0 serves, each at a slot of one bus page.
 * One thread is in both domains, and does what each is told to do. An end of
 * pair 0 may be hostile: then the test writes for it; pair 1 is to go on
 * whatever happens there.
 */
#ifndef TESTS_UNIT_BLK_WORLD_H
#define TESTS_UNIT_BLK_WORLD_H

#include "pvdrivers/blk_front.h"
#include "tests/unit/blk_client.h"

#define BLK_WORLD_BACK 0  /* domains */
#define BLK_WORLD_FRONT 1 /* has the page, and the files */

enum blk_hostile { BLK_NOBODY, BLK_FRONT, BLK_BACK };

struct blk_pair {
    struct blk_front front;
    struct blk_back back;
    struct blk_disk_device disk;
    struct blk_client client;
    struct env_bell *bell; /* the back-end's */
    bool told;             /* the front-end is to serve */
    unsigned int nr_ready;
    bool may_be_replaced;
    unsigned int nr_replaced;
    uint64_t random;
};

extern struct parapet_bus_page *blk_page;
extern struct blk_pair blk_pair[2];

/* Both are connected, but for an end of pair 0 that is hostile. That disk is in
 * memory, if so asked; the other one is a device. */
void blk_world_begin(enum blk_hostile hostile, bool in_memory);

/* All do what they are told to, until nobody is; what is at a slow disk stays
 * there. */
void blk_world_settle(void);

/* The client submits nr requests, with all that comes of it. */
void blk_world_use(struct blk_pair *pair, unsigned int nr);

/* A back-end stops, and begins anew; its front-end learns of it later. */
void blk_world_stop_back(struct blk_pair *pair);
void blk_world_start_back(struct blk_pair *pair);

/* The honest ones stop; nothing is left, but for what a hostile end has. */
void blk_world_end(void);

#endif

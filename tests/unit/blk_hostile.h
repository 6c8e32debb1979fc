/* SPDX-License-Identifier: MIT
 *
 * The hostile end of pair 0 of blk_world.h: connects as one that is honest, and
 * then says whatever the test wants. Each is in the domain that it is of while
 * it is called.
 */
#ifndef TESTS_UNIT_BLK_HOSTILE_H
#define TESTS_UNIT_BLK_HOSTILE_H

#include "tests/unit/blk_world.h"

#define HOSTILE_PAGES 4 /* of data */
#define HOSTILE_REFS PARAPET_BLK_PARTS

struct hostile_front {
    struct parapet_ring *page;
    struct ring_front ring;
    uint32_t port;
    uint8_t *data[HOSTILE_PAGES];
    uint32_t ref;       /* so many in a row lend the pages, again and again */
    uint32_t read_only; /* this one only to be read; the next lends nothing */
};

struct hostile_back {
    struct env_loan loan;
    struct ring_back ring;
    int port;
};

extern struct hostile_front hostile_front;
extern struct hostile_back hostile_back;

/* Both after blk_world_begin(). All is as it should be, for a begin. */
void hostile_front_connects(void);
void hostile_back_offers(const struct blk_disk *disk);
void hostile_back_connects(void);

/* Puts a request, and has it told. */
void hostile_front_puts(const struct parapet_blk_request *request);

/* What the back-end has answered; 1: nothing. */
int hostile_front_hears(uint32_t *id);

/* A request that the front-end has put; false: there is none. */
bool hostile_back_takes(struct parapet_blk_request *request);
void hostile_back_answers(uint32_t id, int32_t status);

/* It has nothing any more. */
void hostile_back_lets_go(void);

/*
 * Any bytes as what the hostile end does, and what happens beside it: pair 1
 * goes on, pair 0's honest end keeps to the rules. Only so many bytes count.
 */
#define BLK_EXPLORE_BYTES (1 + 4 * 200)
void blk_explore(enum blk_hostile who, const uint8_t *data, size_t size);

#endif

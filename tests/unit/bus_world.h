/* SPDX-License-Identifier: MIT
 *
 * A bus page of domain 1, which domain 0 serves, with two slots. What happens
 * at slot 0 is said step by step, and one of its ends may be hostile: then the
 * steps write what they like. The two ends of slot 1 keep to the rules, and are
 * to go on whatever happens at slot 0.
 *
 * What must hold is checked at each step; what does not ends the program.
 */
#ifndef TESTS_UNIT_BUS_WORLD_H
#define TESTS_UNIT_BUS_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/bus_ends.h"

enum bus_hostile { BUS_NOBODY_HOSTILE, BUS_FRONT_HOSTILE, BUS_BACK_HOSTILE };

/* Who keeps to the rules does what it is told; who does not, does anything. */
enum bus_step {
    BUS_FRONT_LOOKS,
    BUS_BACK_LOOKS,
    BUS_FRONT_STOPS,
    BUS_FRONT_GOES_ON,
    BUS_BACK_STOPS,
    BUS_BACK_GOES_ON,
    BUS_BACK_DIES,    /* and another one begins */
    BUS_BACK_BUSY,    /* a: whether a request is under way */
    BUS_FRONT_BEGINS, /* once more, and knows nothing */
    BUS_REFUSED, /* the next wish of either is refused; a: after how many */
    /* The hostile end's: */
    BUS_WRITES, /* word a of the slot is b */
    BUS_SAYS,   /* the state b, true to form in all else */
    BUS_MAPS,   /* the ring that the front-end lends: it does not let go */
    BUS_UNMAPS,
    NR_BUS_STEPS
};

extern struct parapet_bus_page *bus_page;
extern struct bus_world_front bus_front[2];
extern struct bus_world_back bus_back[2];

/* Both ends of slot 1 are connected; those of slot 0 that are not hostile have
 * begun, the back-end before the front-end. */
void bus_world_begin(enum bus_hostile hostile);

/* One step; what nobody does who is as that end is, does nothing. */
void bus_world_step(unsigned int step, uint8_t a, uint32_t b);

/* Each end of the slot looks whenever it is told, until nobody is. */
void bus_world_settle(unsigned int slot);

/* A byte goes through the ring of the slot, by its port: both are connected. */
bool bus_world_talks(unsigned int slot);

/* Slot 1 talks, and so does slot 0 if nobody is hostile or was refused; then
 * all stop, and nothing is left but what a hostile end keeps. */
void bus_world_end(void);

/* All of it, by bytes: the first one says who is hostile. Only so many count.
 */
#define BUS_WORLD_BYTES (1 + 3 * 256)
void bus_world_explore(const uint8_t *data, size_t size);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Drivers of a front-end in domain 1 and a back-end in domain 0, which end the
 * program when they are called in another order than bus.h says, or when the
 * ring is not theirs while they have it.
 */
#ifndef TESTS_UNIT_BUS_ENDS_H
#define TESTS_UNIT_BUS_ENDS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "pvdrivers/bus.h"

#define BUS_WORLD_BACK 0  /* domains */
#define BUS_WORLD_FRONT 1 /* owns the page */
#define BUS_WORLD_KIND PARAPET_BUS_OWN_KINDS

#define MUST(condition)                                                        \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__,         \
                    #condition);                                               \
            abort();                                                           \
        }                                                                      \
    } while (0)

/* Their contexts. */
struct bus_world_front {
    struct bus_front bus;
    enum { FRONT_HAS_NOTHING, FRONT_LENDS, FRONT_BEGUN, FRONT_ENDED } phase;
    uint8_t *ring;
    uint32_t ref;
    uint32_t port;
    unsigned int nr_begun;
    unsigned int nr_parked;
    unsigned int nr_heard; /* events of the ring's port */
};

struct bus_world_back {
    struct bus_back bus;
    bool begun;
    bool busy; /* a request is under way: it cannot end */
    uint8_t *ring;
    uint32_t ref;
    uint32_t port;
    unsigned int nr_begun;
    unsigned int nr_heard;
};

extern const struct bus_front_driver bus_ends_front;
extern const struct bus_back_driver bus_ends_back;

#endif

/* SPDX-License-Identifier: MIT
 *
 * The front-end of a disk that domain 0 serves (abi/blk.h), in a domain that
 * has a bus: its moves and its requests one by one, as a test needs them, right
 * or wrong.
 */
#ifndef KERNELS_DISK_H
#define KERNELS_DISK_H

#include <stdint.h>

#include "abi/blk.h"
#include "abi/bus.h"
#include "pvdrivers/ring.h"

#define MG_DISK_SERVER 0

struct mg_disk {
    struct parapet_bus_slot *slot; /* the first one */
    struct parapet_ring *page;
    struct ring_front ring;
    uint32_t ref; /* of the page */
    uint32_t port;
    uint64_t nr_sectors;
    uint32_t nr_asked;
    volatile uint64_t told; /* events */
};

/* Says that the front-end is in this state. */
void mg_disk_go(struct mg_disk *disk, uint32_t state);

/* Waits until the back-end is in one of these, bit n is state n; the test ends
 * as an error if it never is. */
void mg_disk_await(const struct mg_disk *disk, uint32_t states);

/* Begins anew and says what it wants, when a disk is offered. */
void mg_disk_want(struct mg_disk *disk, uint32_t ref, uint32_t port,
                  uint32_t version);

/* The same, rightly, until it is connected. The ring is lent by disk->ref; that
 * of the last time is nobody's any more. */
void mg_disk_connect(struct mg_disk *disk);

/* Into the ring; an event, if it is wanted; the next answer. What does not come
 * ends the test. */
void mg_disk_put(struct mg_disk *disk,
                 const struct parapet_blk_request *request);
void mg_disk_push(struct mg_disk *disk);
struct parapet_blk_response mg_disk_take(struct mg_disk *disk);

#endif

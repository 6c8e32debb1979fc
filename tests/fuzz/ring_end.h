/* SPDX-License-Identifier: MIT
 *
 * Any bytes as what the other end of a ring does, and as what this end is asked
 * to do meanwhile. What must hold, each end's fuzzer and ring_end.c know.
 */
#ifndef TESTS_FUZZ_RING_END_H
#define TESTS_FUZZ_RING_END_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/ring.h"

/* An end of pvdrivers/ring.h. */
struct ring_end {
    void (*begin)(struct parapet_ring *page, uint32_t slot_size,
                  uint32_t first);
    int (*room)(void);
    int (*put)(const void *message, size_t size);
    bool (*push)(void);
    int (*take)(void *message, size_t size);
    int (*wait)(void);
    size_t prod, event; /* where this end's index and event are in the page, */
    size_t other_prod, other_event; /* and the other's */
    /* With so many taken and put, and told of so many: how many may be put
     * more, and how many the other end can have told of beyond those taken. */
    uint64_t (*may_put)(uint64_t nr_slots, uint64_t put, uint64_t taken);
    uint64_t (*may_come)(uint64_t nr_slots, uint64_t pushed, uint64_t taken);
};

void ring_end_fuzz(const struct ring_end *end, const uint8_t *data,
                   size_t size);

#endif

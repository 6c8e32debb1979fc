/* SPDX-License-Identifier: MIT
 *
 * The shares of a CPU that may run, the one with the least virtual time first:
 * a binary heap of pointers. Each function takes some log n steps.
 */
#ifndef HYPERVISOR_SCHED_FAIR_HEAP_H
#define HYPERVISOR_SCHED_FAIR_HEAP_H

#include <stddef.h>

#include "hypervisor/sched/fair_share.h"

/* The same for a heap that is not empty. */
void fair_heap_put_among(struct fair_cpu *c, struct sched_share *share);

/* Puts it in, or where it belongs after its vtime has changed. */
static inline void fair_heap_put(struct fair_cpu *c, struct sched_share *share)
{
    if (c->nr != 0) {
        fair_heap_put_among(c, share);
        return;
    }
    c->heap[1] = share;
    share->place = 1;
    c->nr = 1;
}

/* Takes it out, if it is there. */
void fair_heap_take_out(struct fair_cpu *c, struct sched_share *share);

/* Takes the first one out of a heap that has one, and puts share in. */
struct sched_share *fair_heap_exchange(struct fair_cpu *c,
                                       struct sched_share *share);

/* The one with the least virtual time; NULL when there is none. */
static inline struct sched_share *fair_heap_first(const struct fair_cpu *c)
{
    return c->nr ? c->heap[1] : NULL;
}

#endif

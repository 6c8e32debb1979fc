/* SPDX-License-Identifier: MIT
 *
 * The timers of one CPU, the earliest first: a binary heap of pointers. Each
 * is set and cancelled in some log n steps. It knows no vCPU and no clock. No
 * locks: a CPU's timers are touched on that CPU only.
 */
#ifndef HYPERVISOR_CORE_TIMERS_H
#define HYPERVISOR_CORE_TIMERS_H

#include <stdint.h>

struct timer {
    uint64_t deadline; /* ns; not read while it is not set */
    uint32_t place;    /* in the heap, from 1; 0: it is not set */
};

struct timers {
    struct timer **heap; /* from 1; with room for all that may be set */
    uint32_t nr;
};

/* None is set. heap has room for one more than may be set. */
void timers_init(struct timers *timers, struct timer **heap);

/* Sets or moves a timer to deadline; 0 cancels it, if it is set. */
void timers_set(struct timers *timers, struct timer *timer, uint64_t deadline);

/* The one with the earliest deadline; NULL when none is set. */
static inline struct timer *timers_first(const struct timers *timers)
{
    return timers->nr ? timers->heap[1] : (struct timer *)0;
}

#endif

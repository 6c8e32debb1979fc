/* SPDX-License-Identifier: MIT
 *
 * Owns the order: no timer is earlier than the one at half its place. Place 0
 * has one that is earlier than all, so the way up ends there by itself.
 */
#include "hypervisor/core/timers.h"

#include <stddef.h>

static struct timer earliest; /* its deadline is 0; it is never written */

void timers_init(struct timers *timers, struct timer **heap)
{
    heap[0] = &earliest;
    timers->heap = heap;
    timers->nr = 0;
}

static inline void put(struct timer **heap, size_t place, struct timer *timer)
{
    heap[place] = timer;
    timer->place = (uint32_t)place;
}

/* Puts timer in at place, or above or below where the order wants it. */
static inline void sift(struct timers *timers, size_t place,
                        struct timer *timer, uint64_t deadline)
{
    struct timer **heap = timers->heap;
    size_t nr = timers->nr;
    struct timer *other;

    while ((other = heap[place / 2])->deadline > deadline) {
        put(heap, place, other);
        place /= 2;
    }
    for (size_t child; (child = 2 * place) <= nr; place = child) {
        other = heap[child];
        if (child < nr && heap[child + 1]->deadline < other->deadline)
            other = heap[++child];
        if (other->deadline >= deadline)
            break;
        put(heap, place, other);
    }
    put(heap, place, timer);
}

static void take_out(struct timers *timers, struct timer *timer)
{
    struct timer *last = timers->heap[timers->nr--];

    if (last != timer)
        sift(timers, timer->place, last, last->deadline);
    timer->place = 0;
}

void timers_set(struct timers *timers, struct timer *timer, uint64_t deadline)
{
    size_t place = timer->place;

    if (deadline == 0) {
        if (place)
            take_out(timers, timer);
        return;
    }
    timer->deadline = deadline;
    sift(timers, place ? place : ++timers->nr, timer, deadline);
}

/* SPDX-License-Identifier: MIT
 *
 * Owns the order: no timer is earlier than the one at half its place.
 */
#include "hypervisor/core/timers.h"

static inline void put(struct timers *timers, uint32_t place,
                       struct timer *timer)
{
    timers->heap[place - 1] = timer;
    timer->place = place;
}

static inline struct timer *at(const struct timers *timers, uint32_t place)
{
    return timers->heap[place - 1];
}

/* Puts timer in at place, or above or below where the order wants it. */
static void sift(struct timers *timers, uint32_t place, struct timer *timer)
{
    while (place > 1 && at(timers, place / 2)->deadline > timer->deadline) {
        put(timers, place, at(timers, place / 2));
        place /= 2;
    }
    for (uint32_t child; (child = 2 * place) <= timers->nr; place = child) {
        if (child < timers->nr &&
            at(timers, child + 1)->deadline < at(timers, child)->deadline)
            child++;
        if (at(timers, child)->deadline >= timer->deadline)
            break;
        put(timers, place, at(timers, child));
    }
    put(timers, place, timer);
}

static void take_out(struct timers *timers, struct timer *timer)
{
    struct timer *last = at(timers, timers->nr--);

    if (last != timer)
        sift(timers, timer->place, last);
    timer->place = 0;
}

void timers_set(struct timers *timers, struct timer *timer, uint64_t deadline)
{
    if (deadline == 0) {
        if (timer->place)
            take_out(timers, timer);
        return;
    }
    timer->deadline = deadline;
    sift(timers, timer->place ? timer->place : ++timers->nr, timer);
}

/* SPDX-License-Identifier: MIT
 *
 * Owns the order: no share is before the one at half its place. It is the
 * heap of core/timers.c, but for a time that wraps around.
 */
#include "hypervisor/sched/fair_heap.h"

static inline void put(struct sched_share **heap, uint32_t place,
                       struct sched_share *share)
{
    heap[place] = share;
    share->place = place;
}

/* Puts share at place, or below it. */
static inline void sift_down(struct fair_cpu *c, uint32_t place,
                             struct sched_share *share)
{
    struct sched_share **heap = c->heap;
    uint64_t vtime = share->vtime;
    uint32_t nr = c->nr;

    for (uint32_t child; (child = 2 * place) <= nr; place = child) {
        struct sched_share *other = heap[child];

        if (child < nr && vtime_before(heap[child + 1]->vtime, other->vtime))
            other = heap[++child];
        if (!vtime_before(other->vtime, vtime))
            break;
        put(heap, place, other);
    }
    put(heap, place, share);
}

/* Puts share at place, or above or below it. */
static void sift(struct fair_cpu *c, uint32_t place, struct sched_share *share)
{
    while (place > 1 && vtime_before(share->vtime, c->heap[place / 2]->vtime)) {
        put(c->heap, place, c->heap[place / 2]);
        place /= 2;
    }
    sift_down(c, place, share);
}

void fair_heap_put_among(struct fair_cpu *c, struct sched_share *share)
{
    sift(c, share->place ? share->place : ++c->nr, share);
}

void fair_heap_take_out(struct fair_cpu *c, struct sched_share *share)
{
    uint32_t place = share->place;
    struct sched_share *last;

    if (!place)
        return;
    share->place = 0;
    last = c->heap[c->nr--];
    if (last != share)
        sift(c, place, last);
}

struct sched_share *fair_heap_exchange(struct fair_cpu *c,
                                       struct sched_share *share)
{
    struct sched_share *first = c->heap[1];

    first->place = 0;
    if (c->nr == 1)
        put(c->heap, 1, share);
    else
        sift_down(c, 1, share);
    return first;
}

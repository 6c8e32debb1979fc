/* SPDX-License-Identifier: MIT
 *
 * The rows of the drivers' ring: both ends of pvdrivers/ring.h in one program.
 * Neither keeps anything in registers that the other one could change, as if
 * each were in a kernel of its own.
 */
#include <stddef.h>

#include "lib/macros.h"
#include "pvdrivers/ring.h"
#include "tests/bench/operation.h"

/* All slots of 32 bytes that a ring has. */
#define BATCH PARAPET_RING_SLOTS(sizeof(struct request))

/* What a block device's could be. */
struct request {
    uint64_t words[4];
};
struct response {
    uint64_t words[2];
};

/* In pages without code, beside which a store is slow. */
static _Alignas(4096) struct parapet_ring page;
static _Alignas(4096) struct {
    struct ring_front front;
    struct ring_back back;
    struct request sent, came;
    struct response answer, end;
} ends;

/* Here the other end may have done anything. */
static inline void other_end(void)
{
    __asm__ volatile("" ::: "memory");
}

/* So many slots were refused, or notifications asked for: none should be. */
static uint64_t nr_wrong;

static inline void ask(unsigned int nr)
{
    for (unsigned int i = 0; i < nr; i++)
        if (ring_front_put(&ends.front, &ends.sent, sizeof(ends.sent)) != 0)
            nr_wrong++;
    if (ring_front_push(&ends.front))
        nr_wrong++;
    other_end();
}

static inline void answer(unsigned int nr)
{
    for (unsigned int i = 0; i < nr; i++)
        if (ring_back_take(&ends.back, &ends.came, sizeof(ends.came)) != 1)
            nr_wrong++;
    for (unsigned int i = 0; i < nr; i++)
        if (ring_back_put(&ends.back, &ends.answer, sizeof(ends.answer)) != 0)
            nr_wrong++;
    if (ring_back_push(&ends.back))
        nr_wrong++;
    other_end();
}

static inline void end(unsigned int nr)
{
    for (unsigned int i = 0; i < nr; i++)
        if (ring_front_take(&ends.front, &ends.end, sizeof(ends.end)) != 1)
            nr_wrong++;
    other_end();
}

static uint64_t ring_loop(uint64_t iterations)
{
    while (iterations-- > 0) {
        ask(1);
        answer(1);
        end(1);
    }
    return nr_wrong;
}

static uint64_t ring_batch_loop(uint64_t iterations)
{
    while (iterations-- > 0) {
        ask(BATCH);
        answer(BATCH);
        end(BATCH);
    }
    return nr_wrong;
}

static void prepare_ring(void)
{
    ring_front_init(&ends.front, &page, sizeof(struct request));
    ring_back_init(&ends.back, &page, sizeof(struct request));
    /* The first of each is told to whoever sleeps. */
    (void)ring_loop(1);
    nr_wrong = 0;
}

_Static_assert(BATCH == 64, "the row has another name");

const struct operation ring_operations[] = {
    {"ring_slot", "shared", ring_loop, 20000, 2, prepare_ring, 0},
    {"ring_slot_64", "batch", ring_batch_loop, 500, 2 * BATCH, prepare_ring, 0},
};
const size_t nr_ring_operations = ARRAY_SIZE(ring_operations);

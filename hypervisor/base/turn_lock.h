/* SPDX-License-Identifier: MIT
 *
 * A lock for which one can wait and give up. Those that wait are a mask of
 * CPUs, and get it in the order of their numbers, around: so a CPU that gives
 * up and comes back has its old place, and stands in nobody's way meanwhile.
 *
 * What is guaranteed: a CPU that waits has each of the others before it once at
 * most, beside those that were about to take the lock when it came. One that
 * has let go does not overtake those that wait. One that gave up loses nothing
 * if it waits again before its turn has passed, and else waits for the next.
 *
 * The short path is two looks and one exchange, which need not know the CPU.
 */
#ifndef HYPERVISOR_BASE_TURN_LOCK_H
#define HYPERVISOR_BASE_TURN_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "hypervisor/base/bug.h"
#include "hypervisor/base/lock_order.h"

/* How often one looks before giving up: some 20,000 instructions. */
#define TURN_LOCK_LOOKS 2000u

struct turn_lock {
    uint32_t held;    /* atomic */
    uint32_t turn;    /* of those that wait: the first CPU from here on */
    uint64_t waiting; /* bit n: CPU n waits; atomic */
    struct lock_id id;
};

/* As in spinlock.h. */
#define TURN_LOCK(name)                                                        \
    {                                                                          \
        .id = {.class = LOCK_##name }                                          \
    }

static inline void turn_lock_init(struct turn_lock *lock, enum lock_class class)
{
    lock->id.class = class;
}

/* Takes it if nobody has it and nobody waits for it. */
static inline bool turn_lock_try(struct turn_lock *lock)
{
    return __atomic_load_n(&lock->waiting, __ATOMIC_RELAXED) == 0 &&
           __atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE) == 0;
}

/* Whether anybody has it, for an ASSERT. */
static inline bool turn_lock_is_held(const struct turn_lock *lock)
{
    return __atomic_load_n(&lock->held, __ATOMIC_RELAXED) != 0;
}

static inline void turn_lock_release(struct turn_lock *lock)
{
    ASSERT(turn_lock_is_held(lock));
    if (PARAPET_DEBUG)
        lock_order_release(&lock->id);
    __atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

/* Whose turn it is among those that wait; at least one does. */
static inline unsigned int turn_lock_next(uint64_t waiting, unsigned int turn)
{
    uint64_t from_turn = waiting & ~0ul << turn;

    return (unsigned int)__builtin_ctzl(from_turn ? from_turn : waiting);
}

/* One look of a CPU that waits: takes the lock if it is free and its turn. */
static inline bool turn_lock_look(struct turn_lock *lock, unsigned int cpu)
{
    uint64_t waiting = __atomic_load_n(&lock->waiting, __ATOMIC_RELAXED);
    uint32_t turn = __atomic_load_n(&lock->turn, __ATOMIC_RELAXED);

    if (turn_lock_is_held(lock) || turn_lock_next(waiting, turn) != cpu ||
        __atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE) != 0)
        return false;
    __atomic_store_n(&lock->turn, (cpu + 1) % 64, __ATOMIC_RELAXED);
    return true;
}

/*
 * Waits for it, as CPU number cpu (below 64), for so many looks; false: it gave
 * up. Between two looks it calls serve, which does what the holder may want of
 * this CPU.
 */
static inline bool turn_lock_wait(struct turn_lock *lock, unsigned int cpu,
                                  unsigned int looks, void (*serve)(void))
{
    uint64_t bit = 1ul << cpu;
    bool taken = false;

    __atomic_fetch_or(&lock->waiting, bit, __ATOMIC_RELAXED);
    for (; looks != 0; looks--) {
        taken = turn_lock_look(lock, cpu);
        if (taken)
            break;
        __asm__ volatile("pause");
        serve();
    }
    __atomic_fetch_and(&lock->waiting, ~bit, __ATOMIC_RELAXED);
    return taken;
}

/*
 * The same as this CPU, for TURN_LOCK_LOOKS. Serves flushes (mm/tlb.h), and
 * ends the multicall that it is in.
 */
bool turn_lock_wait_here(struct turn_lock *lock);

static inline bool turn_lock_take(struct turn_lock *lock)
{
    bool taken;

    if (PARAPET_DEBUG)
        lock_order_take(&lock->id);
    taken = turn_lock_try(lock) || turn_lock_wait_here(lock);
    if (PARAPET_DEBUG && !taken)
        lock_order_release(&lock->id);
    return taken;
}

/* The same without a wait: false when it is not free. */
static inline bool turn_lock_take_free(struct turn_lock *lock)
{
    if (__builtin_expect(!turn_lock_try(lock), 0))
        return false;
    if (PARAPET_DEBUG)
        lock_order_take(&lock->id);
    return true;
}

#endif

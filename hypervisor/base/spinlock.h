/* SPDX-License-Identifier: MIT
 *
 * A ticket lock. The hypervisor runs with interrupts off, so a holder is
 * never interrupted by anything that takes locks (an NMI takes none).
 *
 * Whoever waits serves other CPUs' flushes (mm/tlb.h), and ends the multicall
 * that it is in, so that waits do not add up. docs/DESIGN.md has how long each
 * lock is held.
 *
 * Lock order: a domain's lock, then a run queue's, then the console's output; a
 * domain's memory lock, then the console's output (these two are turn_locks).
 * No other lock is held when a memory lock is taken: its holder waits for other
 * CPUs, which may be waiting for that one. The frame allocator's lock is taken
 * with no other lock inside.
 */
#ifndef HYPERVISOR_BASE_SPINLOCK_H
#define HYPERVISOR_BASE_SPINLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "hypervisor/base/bug.h"

struct spinlock {
    uint32_t next;
    uint32_t serving;
};

/* Does what another CPU has asked of this one, if any has (mm/tlb.c). */
void tlb_serve(void);

/* The rare half of spin_lock(): until it is this ticket's turn. */
void spin_wait(const struct spinlock *lock, uint32_t ticket);

static inline void spin_lock(struct spinlock *lock)
{
    uint32_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);

    if (__builtin_expect(
            __atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket, 0))
        spin_wait(lock, ticket);
}

/* Whether anybody holds it, for an ASSERT. */
static inline bool spin_is_held(const struct spinlock *lock)
{
    return __atomic_load_n(&lock->next, __ATOMIC_RELAXED) !=
           __atomic_load_n(&lock->serving, __ATOMIC_RELAXED);
}

static inline void spin_unlock(struct spinlock *lock)
{
    ASSERT(spin_is_held(lock));
    __atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
}

#endif

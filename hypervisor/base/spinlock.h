/* SPDX-License-Identifier: MIT
 *
 * A ticket lock. The hypervisor runs with interrupts off, so a holder is
 * never interrupted by anything that takes locks (an NMI takes none).
 *
 * Whoever waits serves other CPUs' flushes (mm/tlb.h), and ends the multicall
 * that it is in, so that waits do not add up. docs/DESIGN.md has how long each
 * lock is held.
 *
 * Which lock is taken under which is in lock_order.def. Each has a class there.
 */
#ifndef HYPERVISOR_BASE_SPINLOCK_H
#define HYPERVISOR_BASE_SPINLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "hypervisor/base/bug.h"
#include "hypervisor/base/lock_order.h"

struct spinlock {
    uint32_t next;
    uint32_t serving;
    struct lock_id id;
};

/* A static one's initializer, by the name in lock_order.def. */
#define SPINLOCK(name)                                                         \
    {                                                                          \
        .id = {.class = LOCK_##name }                                          \
    }

/* What another one, all zeros, has to be given. */
static inline void spin_init(struct spinlock *lock, enum lock_class class,
                             uint32_t rank)
{
    lock->id = (struct lock_id){class, rank};
}

/* Does what another CPU has asked of this one, if any has (mm/tlb.c). */
void tlb_serve(void);

/* The rare half of spin_lock(): until it is this ticket's turn. */
void spin_wait(const struct spinlock *lock, uint32_t ticket);

static inline void spin_lock(struct spinlock *lock)
{
    uint32_t ticket;

    if (PARAPET_DEBUG)
        lock_order_take(&lock->id);
    ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
    if (__builtin_expect(
            __atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket, 0))
        spin_wait(lock, ticket);
}

/* The same without a wait: false when it is not free. */
static inline bool spin_lock_free(struct spinlock *lock)
{
    uint32_t ticket = __atomic_load_n(&lock->serving, __ATOMIC_RELAXED);

    if (__builtin_expect(!__atomic_compare_exchange_n(
                             &lock->next, &ticket, ticket + 1, false,
                             __ATOMIC_ACQUIRE, __ATOMIC_RELAXED),
                         0))
        return false;
    if (PARAPET_DEBUG)
        lock_order_take(&lock->id);
    return true;
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
    if (PARAPET_DEBUG)
        lock_order_release(&lock->id);
    __atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * The order of the locks (lock_order.def), and its check. Each lock knows its
 * class; in builds with DEBUG=1 each CPU knows what it holds. In other builds
 * there is no code for it.
 */
#ifndef HYPERVISOR_BASE_LOCK_ORDER_H
#define HYPERVISOR_BASE_LOCK_ORDER_H

#include <stdbool.h>
#include <stdint.h>

enum lock_class {
    LOCK_NONE, /* a lock that nobody has given one */
#define LOCK_CLASS(name, text) LOCK_##name,
#include "hypervisor/base/lock_order.def"
#undef LOCK_CLASS
    NR_LOCK_CLASSES,
};

/* In each lock. */
struct lock_id {
    uint32_t class; /* enum lock_class */
    uint32_t rank;  /* a domain's id, or a run queue's CPU; else 0 */
};

/* So many does nobody hold at once. */
#define LOCK_ORDER_MAX 8

struct locks_held {
    uint32_t nr;
    const struct lock_id *locks[LOCK_ORDER_MAX];
};

/*
 * The lock is about to be taken by whoever holds these: a panic that names both
 * when it is out of order. And it is let go, or was not to be had.
 */
void lock_order_note(struct locks_held *held, const struct lock_id *lock);
void lock_order_forget(struct locks_held *held, const struct lock_id *lock);

/*
 * Whoever holds these is about to wait until other CPUs have flushed: a panic
 * when one of them stands below `memory`.
 */
void lock_order_note_wait(const struct locks_held *held);

/* From now on, on CPUs that have their own stacks. Boot only. */
void lock_order_begin(void);

/* The same of this CPU, for spinlock.h and turn_lock.h. */
void lock_order_take(const struct lock_id *lock);
void lock_order_release(const struct lock_id *lock);

/* And for mm/tlb.c. */
void lock_order_wait(void);

#endif

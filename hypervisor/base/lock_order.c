/* SPDX-License-Identifier: MIT
 *
 * Owns what each CPU holds. Only in builds with DEBUG=1.
 */
#include "hypervisor/base/lock_order.h"

#include "hypervisor/base/bug.h"
#include "hypervisor/x86/layout.h"
#include "hypervisor/x86/percpu.h"

static const char *const names[NR_LOCK_CLASSES] = {
    [LOCK_NONE] = "one without a class",
#define LOCK_CLASS(name, text) [LOCK_##name] = (text),
#include "hypervisor/base/lock_order.def"
#undef LOCK_CLASS
};

static struct locks_held held_by[MAX_CPUS];
static bool begun;

/* Whether two locks of the class can be held at once. */
static bool come_in_pairs(uint32_t class)
{
    return class == LOCK_domain || class == LOCK_run_queue;
}

/* Whether a CPU that holds one may take the other. */
static bool may_follow(const struct lock_id *one, const struct lock_id *other)
{
    if (one->class == other->class && come_in_pairs(one->class))
        return one->rank < other->rank;
    return one->class < other->class;
}

void lock_order_note(struct locks_held *held, const struct lock_id *lock)
{
    if (lock->class == LOCK_NONE)
        panic("BUG: a lock has no class: expected one of lock_order.def");
    for (uint32_t i = 0; i < held->nr; i++) {
        const struct lock_id *other = held->locks[i];

        if (!may_follow(other, lock))
            panic("BUG: lock order: %s lock (%u) is taken under %s lock (%u): "
                  "see lock_order.def",
                  names[lock->class], lock->rank, names[other->class],
                  other->rank);
    }
    if (held->nr == LOCK_ORDER_MAX)
        panic("BUG: lock order: %u locks are held", held->nr);
    held->locks[held->nr++] = lock;
}

void lock_order_forget(struct locks_held *held, const struct lock_id *lock)
{
    for (uint32_t i = 0; i < held->nr; i++) {
        if (held->locks[i] == lock) {
            held->locks[i] = held->locks[--held->nr];
            return;
        }
    }
    panic("BUG: lock order: %s lock (%u) is let go by who does not hold it",
          names[lock->class], lock->rank);
}

void lock_order_note_wait(const struct locks_held *held)
{
    for (uint32_t i = 0; i < held->nr; i++) {
        if (held->locks[i]->class > LOCK_memory)
            panic("BUG: lock order: other CPUs are waited for to flush under "
                  "%s lock (%u): see lock_order.def",
                  names[held->locks[i]->class], held->locks[i]->rank);
    }
}

void lock_order_begin(void)
{
    begun = true;
}

void lock_order_take(const struct lock_id *lock)
{
    if (begun)
        lock_order_note(&held_by[this_cpu()->id], lock);
}

void lock_order_release(const struct lock_id *lock)
{
    if (begun)
        lock_order_forget(&held_by[this_cpu()->id], lock);
}

void lock_order_wait(void)
{
    if (begun)
        lock_order_note_wait(&held_by[this_cpu()->id]);
}

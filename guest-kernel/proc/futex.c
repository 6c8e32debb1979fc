/* SPDX-License-Identifier: MIT
 *
 * Waiters are in one list, by age, each with what tells its word from all
 * others. As the kernel is not preempted, nobody comes between the look at the
 * word and the sleep. Locks with priority inheritance, and WAKE_OP, which no
 * libc of today uses, do not exist (ENOSYS).
 */
#include "guest-kernel/proc/futex.h"

#include "guest-kernel/errno.h"
#include "guest-kernel/proc/syscall.h"
#include "guest-kernel/proc/timer.h"
#include "lib/macros.h"

/* linux/futex.h */
#define FUTEX_WAIT 0u
#define FUTEX_WAKE 1u
#define FUTEX_REQUEUE 3u
#define FUTEX_CMP_REQUEUE 4u
#define FUTEX_WAIT_BITSET 9u
#define FUTEX_WAKE_BITSET 10u
#define FUTEX_PRIVATE 128u
#define FUTEX_CLOCK_REALTIME 256u
#define FUTEX_ALL UINT32_MAX

/* Of a robust lock's word. */
#define FUTEX_WAITERS 0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_OWNER_ID 0x3fffffffu
#define MAX_ROBUST_LOCKS 2048

/* On the stack of the thread that waits. */
struct waiter {
    struct list_node node;
    struct space_key key;
    struct wait_queue queue; /* it alone */
    uint32_t bits;
    bool is_woken;
};

static struct list_node waiters = LIST_INIT(waiters);

/* 0, -EINVAL or -EFAULT. */
static int64_t find_key(struct space *space, uint64_t vaddr, uint32_t flags,
                        struct space_key *key)
{
    if (vaddr % sizeof(uint32_t) != 0)
        return -EINVAL;
    if (flags & FUTEX_PRIVATE) {
        *key = (struct space_key){space, vaddr};
        return vaddr < SPACE_USER_END ? 0 : -EFAULT;
    }
    return space_key(space, vaddr, key) ? 0 : -EFAULT;
}

/* ---- waking ---- */

static void wake(struct waiter *waiter)
{
    bool irq_on = privops_irq_save();

    list_remove(&waiter->node);
    waiter->is_woken = true;
    wait_queue_wake_one(&waiter->queue);
    privops_irq_restore(irq_on);
}

static bool is_for(const struct waiter *waiter, const struct space_key *key)
{
    return waiter->key.owner == key->owner && waiter->key.offset == key->offset;
}

/* How many were woken: n at most. */
static uint32_t wake_some(const struct space_key *key, uint32_t n,
                          uint32_t bits)
{
    struct waiter *waiter, *next;
    uint32_t nr_woken = 0;

    list_for_each_entry_safe (waiter, next, &waiters, node) {
        if (nr_woken >= n)
            break;
        if (!is_for(waiter, key) || !(waiter->bits & bits))
            continue;
        wake(waiter);
        nr_woken++;
    }
    return nr_woken;
}

/* n at most of those that wait for one word wait for another from now on. */
static uint32_t move_some(const struct space_key *from,
                          const struct space_key *to, uint32_t n)
{
    struct waiter *waiter;
    uint32_t nr_moved = 0;

    if (from->owner == to->owner && from->offset == to->offset)
        return 0;
    list_for_each_entry (waiter, &waiters, node) {
        if (nr_moved >= n)
            break;
        if (!is_for(waiter, from))
            continue;
        waiter->key = *to;
        nr_moved++;
    }
    return nr_moved;
}

void futex_wake_vaddr(struct space *space, uint64_t vaddr, unsigned int n)
{
    struct space_key key;

    if (find_key(space, vaddr, 0, &key) == 0)
        (void)wake_some(&key, n, FUTEX_ALL);
}

/* ---- waiting ---- */

/* 0: woken; -EAGAIN: the word has changed; -EFAULT, -ETIMEDOUT, -ERESTARTSYS.
 */
static int64_t wait_until(struct process *self, uint64_t vaddr, uint32_t value,
                          struct waiter *waiter, uint64_t deadline)
{
    int64_t result = 0;
    uint32_t now;
    bool irq_on;

    if (!space_copy_in(self->space, &now, vaddr, sizeof(now)))
        return -EFAULT;
    if (now != value)
        return -EAGAIN;
    waiter->is_woken = false;
    wait_queue_init(&waiter->queue);
    list_add_last(&waiters, &waiter->node);
    irq_on = privops_irq_save();
    while (!waiter->is_woken && result == 0)
        result = wait_queue_sleep_until(&waiter->queue, deadline);
    privops_irq_restore(irq_on);
    if (waiter->is_woken)
        return 0;
    list_remove(&waiter->node);
    return result;
}

/*
 * When a call with this timeout gives up. FUTEX_WAIT says how long, the others
 * at which time of which clock. 0, -EFAULT or -EINVAL.
 */
static int64_t read_deadline(struct process *self, uint32_t op, uint64_t vaddr,
                             uint64_t *deadline)
{
    uint64_t ns, now;
    int64_t result = timer_read_timespec(self->space, vaddr, &ns);

    if (result != 0)
        return result;
    if ((op & ~(FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME)) != FUTEX_WAIT) {
        now =
            op & FUTEX_CLOCK_REALTIME ? privops_wall_ns() : privops_clock_ns();
        ns = ns > now ? ns - now : 0;
    }
    *deadline = timer_deadline(ns);
    return 0;
}

static int64_t futex_wait(struct process *self, const uint64_t *args,
                          uint32_t bits)
{
    uint64_t deadline = WAIT_FOREVER;
    struct waiter waiter = {.bits = bits};
    uint32_t op = (uint32_t)args[1];
    int64_t result = find_key(self->space, args[0], op, &waiter.key);

    if (result == 0 && args[3] != 0)
        result = read_deadline(self, op, args[3], &deadline);
    if (result == 0 && bits == 0)
        result = -EINVAL;
    if (result != 0)
        return result;
    result = wait_until(self, args[0], (uint32_t)args[2], &waiter, deadline);
    if (result == -ERESTARTSYS && deadline != WAIT_FOREVER)
        return timer_interrupted(deadline);
    return result;
}

/* ---- the call ---- */

static int64_t futex_wake(struct process *self, const uint64_t *args,
                          uint32_t bits)
{
    struct space_key key;
    int64_t result = find_key(self->space, args[0], (uint32_t)args[1], &key);

    if (result == 0 && bits == 0)
        result = -EINVAL;
    if (result != 0)
        return result;
    /* Linux wakes one for a count of none. */
    return wake_some(&key, MAX((uint32_t)args[2], 1u), bits);
}

static int64_t futex_requeue(struct process *self, const uint64_t *args,
                             bool compares)
{
    uint32_t flags = (uint32_t)args[1], value, nr_woken;
    struct space_key from, to;
    int64_t result = find_key(self->space, args[0], flags, &from);

    if (result == 0)
        result = find_key(self->space, args[4], flags, &to);
    if (result != 0)
        return result;
    if ((int32_t)args[2] < 0 || (int32_t)args[3] < 0)
        return -EINVAL;
    if (compares) {
        if (!space_copy_in(self->space, &value, args[0], sizeof(value)))
            return -EFAULT;
        if (value != (uint32_t)args[5])
            return -EAGAIN;
    }
    nr_woken = wake_some(&from, (uint32_t)args[2], FUTEX_ALL);
    return (int64_t)nr_woken + move_some(&from, &to, (uint32_t)args[3]);
}

/* args: the word, operation, value or count, timeout or second count, second
 * word, bits or second value. */
int64_t sys_futex(struct process *self, const uint64_t *args)
{
    uint32_t op = (uint32_t)args[1] & ~FUTEX_PRIVATE;

    if (op == (FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME))
        op = FUTEX_WAIT_BITSET;
    switch (op) {
    case FUTEX_WAIT:
        return futex_wait(self, args, FUTEX_ALL);
    case FUTEX_WAIT_BITSET:
        return futex_wait(self, args, (uint32_t)args[5]);
    case FUTEX_WAKE:
        return futex_wake(self, args, FUTEX_ALL);
    case FUTEX_WAKE_BITSET:
        return futex_wake(self, args, (uint32_t)args[5]);
    case FUTEX_REQUEUE:
        return futex_requeue(self, args, false);
    case FUTEX_CMP_REQUEUE:
        return futex_requeue(self, args, true);
    default:
        return -ENOSYS;
    }
}

/* ---- robust lists ---- */

/* In user memory (linux/futex.h). */
struct robust_list {
    uint64_t next_vaddr; /* a ring, through the head */
    int64_t lock_offset; /* from an entry to its lock's word */
    uint64_t pending_vaddr;
};

/* Bit 0 says that a lock has priority inheritance: there is none such. */
static void release_lock(struct thread *thread, uint64_t entry, int64_t offset)
{
    struct space *space = thread->process->space;
    uint64_t vaddr = (entry & ~1ul) + (uint64_t)offset;
    uint32_t value, died;

    if (vaddr % sizeof(value) != 0 ||
        !space_copy_in(space, &value, vaddr, sizeof(value)) ||
        (value & FUTEX_OWNER_ID) != thread->id)
        return;
    died = (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
    if (space_copy_out(space, vaddr, &died, sizeof(died)) &&
        (value & FUTEX_WAITERS))
        futex_wake_vaddr(space, vaddr, 1);
}

void futex_exit_robust(struct thread *thread)
{
    struct space *space = thread->process->space;
    uint64_t head = thread->user->robust_list_vaddr, entry;
    struct robust_list list;
    unsigned int i;

    if (head == 0 || !space_copy_in(space, &list, head, sizeof(list)))
        return;
    entry = list.next_vaddr;
    for (i = 0; i < MAX_ROBUST_LOCKS && entry != head; i++) {
        if (entry != list.pending_vaddr)
            release_lock(thread, entry, list.lock_offset);
        if (!space_copy_in(space, &entry, entry & ~1ul, sizeof(entry)))
            return;
    }
    if (list.pending_vaddr != 0)
        release_lock(thread, list.pending_vaddr, list.lock_offset);
}

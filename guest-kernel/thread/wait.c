/* SPDX-License-Identifier: MIT
 *
 * Wait queues.
 */
#include "guest-kernel/thread/wait.h"

#include "guest-kernel/errno.h"
#include "guest-kernel/thread/sched.h"

void wait_queue_sleep(struct wait_queue *queue)
{
    list_add_last(&queue->threads, &thread_current()->node);
    sched_block(THREAD_BLOCKED, WAIT_FOREVER);
}

/*
 * A signal that comes during the sleep counts as a wake: who was woken from the
 * queue too must not miss it. The caller looks, finds nothing, and calls again.
 */
int64_t wait_queue_sleep_until(struct wait_queue *queue, uint64_t deadline_ns)
{
    struct thread *self = thread_current();

    if (signal_pending()) {
        self->work = true;
        return -ERESTARTSYS;
    }
    if (deadline_ns != WAIT_FOREVER && privops_clock_ns() >= deadline_ns)
        return -ETIMEDOUT;
    list_add_last(&queue->threads, &self->node);
    self->interruptible = true;
    sched_block(THREAD_BLOCKED, deadline_ns);
    self->interruptible = false;
    return self->timed_out ? -ETIMEDOUT : 0;
}

void wait_queue_wake_one(struct wait_queue *queue)
{
    if (!list_is_empty(&queue->threads))
        sched_wake(list_first_entry(&queue->threads, struct thread, node));
}

void wait_queue_wake_all(struct wait_queue *queue)
{
    while (!list_is_empty(&queue->threads))
        wait_queue_wake_one(queue);
}

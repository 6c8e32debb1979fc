/* SPDX-License-Identifier: MIT
 *
 * Wait queues.
 */
#include "guest-kernel/proc/wait.h"

#include "guest-kernel/proc/sched.h"

void wait_queue_sleep(struct wait_queue *queue)
{
    list_add_last(&queue->threads, &thread_current()->node);
    sched_block(THREAD_BLOCKED);
}

void wait_queue_wake_one(struct wait_queue *queue)
{
    struct list_node *node = list_take_first(&queue->threads);

    if (node != NULL)
        sched_wake(list_entry(node, struct thread, node));
}

void wait_queue_wake_all(struct wait_queue *queue)
{
    while (!list_is_empty(&queue->threads))
        wait_queue_wake_one(queue);
}

/* SPDX-License-Identifier: MIT
 *
 * Wait queues: threads that sleep until somebody says that something may have
 * changed. The thing itself is protected by disabled interrupts, if handlers
 * touch it.
 */
#ifndef GUEST_KERNEL_THREAD_WAIT_H
#define GUEST_KERNEL_THREAD_WAIT_H

#include "guest-kernel/privops/privops.h"
#include "lib/list.h"

struct wait_queue {
    struct list_node threads; /* first come, first woken */
};

#define WAIT_QUEUE_INIT(name)                                                  \
    {                                                                          \
        LIST_INIT((name).threads)                                              \
    }

static inline void wait_queue_init(struct wait_queue *queue)
{
    list_init(&queue->threads);
}

#define WAIT_FOREVER UINT64_MAX

/*
 * Called and returns with interrupts disabled. What the caller waits for may
 * have gone again when it returns: look, in a loop.
 */
void wait_queue_sleep(struct wait_queue *queue);

/*
 * The same for a process's thread, which gives up when a signal comes or when
 * privops_clock_ns() reaches deadline_ns. 0: woken; -ERESTARTSYS; -ETIMEDOUT.
 */
int64_t wait_queue_sleep_until(struct wait_queue *queue, uint64_t deadline_ns);

/* Whether the current thread has a signal to take or has to end: a sleep that
 * can be interrupted is not begun then. Provided by proc/signal.c. */
bool signal_pending(void);

/* Whether it is to end by that: what takes long and is not to be interrupted
 * stops half-way. Provided by proc/signal.c, too. */
bool signal_is_ending(void);

/* Interrupts are disabled: from interrupt handlers too. */
void wait_queue_wake_one(struct wait_queue *queue);
void wait_queue_wake_all(struct wait_queue *queue);

/* Sleeps until condition, which it looks at with interrupts disabled. */
#define wait_event(queue, condition)                                           \
    do {                                                                       \
        bool wait_irq_on = privops_irq_save();                                 \
        while (!(condition))                                                   \
            wait_queue_sleep(queue);                                           \
        privops_irq_restore(wait_irq_on);                                      \
    } while (0)

#endif

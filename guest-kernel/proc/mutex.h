/* SPDX-License-Identifier: MIT
 *
 * A lock that sleeps: for threads, never in an interrupt handler. Not
 * recursive.
 */
#ifndef GUEST_KERNEL_PROC_MUTEX_H
#define GUEST_KERNEL_PROC_MUTEX_H

#include "guest-kernel/proc/wait.h"

struct thread;

struct mutex {
    struct thread *owner; /* NULL: free */
    struct wait_queue waiters;
};

#define MUTEX_INIT(name)                                                       \
    {                                                                          \
        NULL, WAIT_QUEUE_INIT((name).waiters)                                  \
    }

void mutex_lock(struct mutex *mutex);

/* By the thread that locked it; anything else is a bug. */
void mutex_unlock(struct mutex *mutex);

#endif

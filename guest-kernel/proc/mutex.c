/* SPDX-License-Identifier: MIT
 *
 * The mutex. Unlocking wakes the one who has waited longest, who may still
 * find that a thread that ran before has taken the lock, and waits again.
 */
#include "guest-kernel/proc/mutex.h"

#include "guest-kernel/core/panic.h"
#include "guest-kernel/proc/thread.h"

void mutex_lock(struct mutex *mutex)
{
    struct thread *self = thread_current();
    bool irq_on = privops_irq_save();

    BUG_ON(mutex->owner == self);
    while (mutex->owner != NULL)
        wait_queue_sleep(&mutex->waiters);
    mutex->owner = self;
    privops_irq_restore(irq_on);
}

void mutex_unlock(struct mutex *mutex)
{
    bool irq_on = privops_irq_save();

    BUG_ON(mutex->owner != thread_current());
    mutex->owner = NULL;
    wait_queue_wake_one(&mutex->waiters);
    privops_irq_restore(irq_on);
}

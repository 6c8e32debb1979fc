/* SPDX-License-Identifier: MIT
 *
 * Those who wait for any of several files: one queue for all of them.
 */
#include "guest-kernel/fs/file.h"
#include "guest-kernel/thread/wait.h"

static struct wait_queue pollers = WAIT_QUEUE_INIT(pollers);

void poll_notify(void)
{
    bool irq_on;

    if (list_is_empty(&pollers.threads))
        return;
    irq_on = privops_irq_save();
    wait_queue_wake_all(&pollers);
    privops_irq_restore(irq_on);
}

int64_t poll_sleep(uint64_t deadline_ns)
{
    return wait_queue_sleep_until(&pollers, deadline_ns);
}

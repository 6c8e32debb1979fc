/* SPDX-License-Identifier: MIT
 *
 * The alarms of processes, and the arithmetic of waiting.
 */
#include "guest-kernel/proc/timer.h"

#include "guest-kernel/errno.h"
#include "guest-kernel/proc/signal.h"
#include "guest-kernel/thread/sched.h"
#include "lib/macros.h"

#define MAX_NS ((uint64_t)INT64_MAX)

/* An alarm that goes off more often would leave the CPU for nothing else. */
#define MIN_INTERVAL_NS 1000000ul

/* ---- times of programs ---- */

static int64_t to_ns(int64_t seconds, int64_t parts, uint64_t ns_per_part,
                     uint64_t *ns)
{
    if (seconds < 0 || parts < 0 ||
        (uint64_t)parts >= NS_PER_SECOND / ns_per_part)
        return -EINVAL;
    *ns = MAX_NS;
    if ((uint64_t)seconds < MAX_NS / NS_PER_SECOND)
        *ns = (uint64_t)seconds * NS_PER_SECOND + (uint64_t)parts * ns_per_part;
    return 0;
}

int64_t timer_read_timespec(struct space *space, uint64_t vaddr, uint64_t *ns)
{
    struct timespec time;

    if (!space_copy_in(space, &time, vaddr, sizeof(time)))
        return -EFAULT;
    return to_ns(time.seconds, time.ns, 1, ns);
}

int64_t timer_read_timeval(struct space *space, uint64_t vaddr, uint64_t *ns)
{
    struct timeval time;

    if (!space_copy_in(space, &time, vaddr, sizeof(time)))
        return -EFAULT;
    return to_ns(time.seconds, time.us, NS_PER_US, ns);
}

bool timer_write_timespec(struct space *space, uint64_t vaddr, uint64_t ns)
{
    const struct timespec time = {
        .seconds = (int64_t)(ns / NS_PER_SECOND),
        .ns = (int64_t)(ns % NS_PER_SECOND),
    };

    return space_copy_out(space, vaddr, &time, sizeof(time));
}

/* ---- waiting ---- */

uint64_t timer_deadline(uint64_t ns)
{
    struct thread_user *user = thread_current()->user;
    uint64_t deadline = user->restart_deadline_ns;

    user->restart_deadline_ns = 0;
    if (deadline != 0)
        return deadline;
    return privops_clock_ns() + MIN(ns, MAX_NS);
}

int64_t timer_interrupted(uint64_t deadline_ns)
{
    /* No deadline is nothing to remember: another call would take it. */
    if (deadline_ns != WAIT_FOREVER)
        thread_current()->user->restart_deadline_ns = deadline_ns;
    return -ERESTARTNOHAND;
}

int64_t timer_sleep(uint64_t deadline_ns)
{
    struct wait_queue nobody_wakes;
    bool irq_on = privops_irq_save();
    int64_t result;

    wait_queue_init(&nobody_wakes);
    do {
        result = wait_queue_sleep_until(&nobody_wakes, deadline_ns);
    } while (result == 0);
    privops_irq_restore(irq_on);
    return result;
}

/* ---- alarms ---- */

void timer_stop(struct process *process)
{
    bool irq_on = privops_irq_save();

    alarm_stop(&process->timer.alarm);
    privops_irq_restore(irq_on);
}

/* In step with its first deadline, however late this is. */
static uint64_t next_deadline(const struct real_timer *timer, uint64_t due_ns,
                              uint64_t now)
{
    uint64_t interval = MAX(timer->interval_ns, MIN_INTERVAL_NS);
    uint64_t nr_missed = (now - due_ns) / interval;

    return due_ns + (nr_missed + 1) * interval;
}

static void go_off(struct alarm *alarm, uint64_t due_ns, uint64_t now)
{
    struct real_timer *timer = container_of(alarm, struct real_timer, alarm);

    if (timer->interval_ns != 0)
        alarm_set(alarm, next_deadline(timer, due_ns, now), go_off);
    signal_send(container_of(timer, struct process, timer), SIGALRM, NULL);
}

void timer_start(struct process *process, uint64_t deadline_ns,
                 uint64_t interval_ns)
{
    struct real_timer *timer = &process->timer;
    bool irq_on = privops_irq_save();

    alarm_stop(&timer->alarm);
    timer->interval_ns = interval_ns;
    if (deadline_ns != 0) {
        alarm_set(&timer->alarm, deadline_ns, go_off);
        sched_timer_changed();
    }
    privops_irq_restore(irq_on);
}

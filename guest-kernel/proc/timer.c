/* SPDX-License-Identifier: MIT
 *
 * The alarms that run, the next one first; and the arithmetic of waiting.
 */
#include "guest-kernel/proc/timer.h"

#include "guest-kernel/errno.h"
#include "guest-kernel/proc/sched.h"
#include "guest-kernel/proc/signal.h"
#include "lib/macros.h"

#define MAX_NS ((uint64_t)INT64_MAX)

/* An alarm that goes off more often would leave the CPU for nothing else. */
#define MIN_INTERVAL_NS 1000000ul

static struct list_node running = LIST_INIT(running);

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

static void put_in_order(struct real_timer *timer)
{
    struct real_timer *other;

    list_for_each_entry (other, &running, node)
        if (other->deadline_ns > timer->deadline_ns)
            break;
    /* Past the last entry, &other->node is the list itself. */
    list_insert_before(&other->node, &timer->node);
}

void timer_stop(struct process *process)
{
    bool irq_on = privops_irq_save();

    if (process->timer.deadline_ns != 0)
        list_remove(&process->timer.node);
    process->timer.deadline_ns = 0;
    privops_irq_restore(irq_on);
}

void timer_start(struct process *process, uint64_t deadline_ns,
                 uint64_t interval_ns)
{
    struct real_timer *timer = &process->timer;
    bool irq_on = privops_irq_save();

    timer_stop(process);
    timer->deadline_ns = deadline_ns;
    timer->interval_ns = interval_ns;
    if (deadline_ns != 0) {
        put_in_order(timer);
        sched_timer_changed();
    }
    privops_irq_restore(irq_on);
}

uint64_t timer_next_ns(void)
{
    if (list_is_empty(&running))
        return UINT64_MAX;
    return list_first_entry(&running, struct real_timer, node)->deadline_ns;
}

/* In step with its first deadline, however late this is. */
static uint64_t next_deadline(const struct real_timer *timer, uint64_t now)
{
    uint64_t interval = MAX(timer->interval_ns, MIN_INTERVAL_NS);
    uint64_t nr_missed = (now - timer->deadline_ns) / interval;

    return timer->deadline_ns + (nr_missed + 1) * interval;
}

void timer_expire(uint64_t now)
{
    struct real_timer *timer;
    struct process *process;

    while (timer_next_ns() <= now) {
        timer = list_first_entry(&running, struct real_timer, node);
        process = container_of(timer, struct process, timer);
        list_remove(&timer->node);
        timer->deadline_ns =
            timer->interval_ns == 0 ? 0 : next_deadline(timer, now);
        if (timer->deadline_ns != 0)
            put_in_order(timer);
        signal_send(process, SIGALRM, NULL);
    }
}

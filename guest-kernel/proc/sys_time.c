/* SPDX-License-Identifier: MIT
 *
 * System calls of time: clocks, sleep, alarms. The wall clock is the
 * machine's, and not to be set (EPERM). Of the interval timers there is the
 * real one; the others would count a program's own time (EINVAL).
 */
#include "guest-kernel/errno.h"
#include "guest-kernel/proc/syscall.h"
#include "guest-kernel/proc/timer.h"
#include "lib/macros.h"

/* clock_gettime(2) */
#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1
#define CLOCK_PROCESS_CPUTIME 2
#define CLOCK_THREAD_CPUTIME 3
#define CLOCK_MONOTONIC_RAW 4
#define CLOCK_REALTIME_COARSE 5
#define CLOCK_MONOTONIC_COARSE 6
#define CLOCK_BOOTTIME 7
#define TIMER_ABSTIME 1u

#define ITIMER_REAL 0u

/* ---- clocks ---- */

static uint64_t thread_ns(void)
{
    bool irq_on = privops_irq_save();
    uint64_t ns = thread_cpu_ns(thread_current());

    privops_irq_restore(irq_on);
    return ns;
}

/* False: there is no such clock. */
static bool read_clock(const struct process *self, uint64_t clock, uint64_t *ns)
{
    switch ((uint32_t)clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        *ns = privops_wall_ns();
        return true;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
        *ns = privops_clock_ns();
        return true;
    case CLOCK_PROCESS_CPUTIME:
        *ns = process_cpu_ns(self);
        return true;
    case CLOCK_THREAD_CPUTIME:
        *ns = thread_ns();
        return true;
    default:
        return false;
    }
}

int64_t sys_clock_gettime(struct process *self, const uint64_t *args)
{
    uint64_t ns;

    if (!read_clock(self, args[0], &ns))
        return -EINVAL;
    return timer_write_timespec(self->space, args[1], ns) ? 0 : -EFAULT;
}

int64_t sys_clock_getres(struct process *self, const uint64_t *args)
{
    uint64_t ns;

    if (!read_clock(self, args[0], &ns))
        return -EINVAL;
    if (args[1] != 0 && !timer_write_timespec(self->space, args[1], 1))
        return -EFAULT;
    return 0;
}

int64_t sys_clock_settime(struct process *self, const uint64_t *args)
{
    uint64_t ns;
    int64_t result = timer_read_timespec(self->space, args[1], &ns);

    if (result != 0)
        return result;
    return (uint32_t)args[0] == CLOCK_REALTIME ? -EPERM : -EINVAL;
}

/* args: the time, and the time zone, which is UTC. */
int64_t sys_gettimeofday(struct process *self, const uint64_t *args)
{
    static const uint32_t zone[2];
    uint64_t ns = privops_wall_ns();
    const struct timeval time = {
        .seconds = (int64_t)(ns / NS_PER_SECOND),
        .us = (int64_t)(ns % NS_PER_SECOND / NS_PER_US),
    };

    if (args[0] != 0 &&
        !space_copy_out(self->space, args[0], &time, sizeof(time)))
        return -EFAULT;
    if (args[1] != 0 &&
        !space_copy_out(self->space, args[1], zone, sizeof(zone)))
        return -EFAULT;
    return 0;
}

int64_t sys_settimeofday(struct process *self, const uint64_t *args)
{
    (void)self;
    (void)args;
    return -EPERM;
}

int64_t sys_time(struct process *self, const uint64_t *args)
{
    int64_t seconds = (int64_t)(privops_wall_ns() / NS_PER_SECOND);

    if (args[0] != 0 &&
        !space_copy_out(self->space, args[0], &seconds, sizeof(seconds)))
        return -EFAULT;
    return seconds;
}

/* ---- sleep ---- */

/* left_vaddr, if not 0, gets what is left when a signal comes. */
static int64_t sleep_for(struct process *self, uint64_t ns, uint64_t left_vaddr)
{
    uint64_t deadline = timer_deadline(ns), now;

    if (timer_sleep(deadline) == -ETIMEDOUT)
        return 0;
    now = privops_clock_ns();
    if (left_vaddr != 0 &&
        !timer_write_timespec(self->space, left_vaddr,
                              deadline > now ? deadline - now : 0))
        return -EFAULT;
    return timer_interrupted(deadline);
}

/* args: the time, where what is left of it goes. */
int64_t sys_nanosleep(struct process *self, const uint64_t *args)
{
    uint64_t ns;
    int64_t result = timer_read_timespec(self->space, args[0], &ns);

    return result == 0 ? sleep_for(self, ns, args[1]) : result;
}

/* args: clock, flags, the time, where what is left of it goes. */
int64_t sys_clock_nanosleep(struct process *self, const uint64_t *args)
{
    uint64_t clock = (uint32_t)args[0], ns, now;
    int64_t result;

    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC &&
        clock != CLOCK_BOOTTIME)
        return read_clock(self, clock, &now) ? -EOPNOTSUPP : -EINVAL;
    result = timer_read_timespec(self->space, args[2], &ns);
    if (result != 0)
        return result;
    if (!(args[1] & TIMER_ABSTIME))
        return sleep_for(self, ns, args[3]);
    (void)read_clock(self, clock, &now);
    if (ns <= now)
        return 0;
    result = timer_sleep(privops_clock_ns() + (ns - now));
    return result == -ETIMEDOUT ? 0 : -ERESTARTNOHAND;
}

/* A sleep is not resumed by this one, but by its own number. */
int64_t sys_restart_syscall(struct process *self, const uint64_t *args)
{
    (void)self;
    (void)args;
    return -EINTR;
}

/* ---- alarms ---- */

static uint64_t alarm_left(const struct process *self)
{
    uint64_t deadline = self->timer.alarm.deadline_ns, now = privops_clock_ns();

    if (deadline == 0)
        return 0;
    return deadline > now ? deadline - now : 1;
}

static void set_alarm(struct process *self, uint64_t ns, uint64_t interval)
{
    timer_start(self, ns == 0 ? 0 : privops_clock_ns() + ns, interval);
}

/* Seconds that are left are rounded, but never to none. */
int64_t sys_alarm(struct process *self, const uint64_t *args)
{
    uint64_t left = alarm_left(self);

    set_alarm(self, (uint32_t)args[0] * NS_PER_SECOND, 0);
    if (left == 0)
        return 0;
    return (int64_t)MAX((left + NS_PER_SECOND / 2) / NS_PER_SECOND, 1ul);
}

/* struct itimerval */
static bool write_alarm(struct process *self, uint64_t vaddr)
{
    uint64_t left = alarm_left(self), interval = self->timer.interval_ns;
    const struct timeval times[2] = {
        {(int64_t)(interval / NS_PER_SECOND),
         (int64_t)(interval % NS_PER_SECOND / NS_PER_US)},
        {(int64_t)(left / NS_PER_SECOND),
         (int64_t)(left % NS_PER_SECOND / NS_PER_US)},
    };

    return space_copy_out(self->space, vaddr, times, sizeof(times));
}

int64_t sys_getitimer(struct process *self, const uint64_t *args)
{
    if (args[0] != ITIMER_REAL)
        return -EINVAL;
    return write_alarm(self, args[1]) ? 0 : -EFAULT;
}

/* args: which, the new one, where the old one goes. */
int64_t sys_setitimer(struct process *self, const uint64_t *args)
{
    uint64_t interval = 0, ns = 0;
    int64_t result = 0;

    if (args[0] != ITIMER_REAL)
        return -EINVAL;
    if (args[1] != 0)
        result = timer_read_timeval(self->space, args[1], &interval);
    if (args[1] != 0 && result == 0)
        result = timer_read_timeval(self->space,
                                    args[1] + sizeof(struct timeval), &ns);
    if (result != 0)
        return result;
    if (args[2] != 0 && !write_alarm(self, args[2]))
        return -EFAULT;
    set_alarm(self, ns, ns == 0 ? 0 : interval);
    return 0;
}

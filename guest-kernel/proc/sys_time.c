/* SPDX-License-Identifier: MIT
 *
 * Clocks and sleeping. As there are no signals, no sleep ends early, and the
 * time that would be left is never told.
 */
#include "guest-kernel/proc/errno.h"
#include "guest-kernel/proc/sched.h"
#include "guest-kernel/proc/syscall.h"

#define NS_PER_SECOND 1000000000ul
/* 292 years: what is longer never ends, and no sum of two overflows. */
#define MAX_SECONDS (INT64_MAX / NS_PER_SECOND)

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

struct timespec {
    int64_t seconds;
    int64_t ns;
};

static uint64_t cpu_ns(void)
{
    bool irq_on = privops_irq_save();
    uint64_t ns = thread_cpu_ns(thread_current());

    privops_irq_restore(irq_on);
    return ns;
}

/* False: there is no such clock. */
static bool read_clock(uint64_t clock, uint64_t *ns)
{
    switch (clock) {
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
    case CLOCK_THREAD_CPUTIME:
        *ns = cpu_ns();
        return true;
    default:
        return false;
    }
}

int64_t sys_clock_gettime(struct process *self, const uint64_t *args)
{
    struct timespec time;
    uint64_t ns;

    if (!read_clock(args[0], &ns))
        return -EINVAL;
    time.seconds = (int64_t)(ns / NS_PER_SECOND);
    time.ns = (int64_t)(ns % NS_PER_SECOND);
    return space_copy_out(self->space, args[1], &time, sizeof(time)) ? 0
                                                                     : -EFAULT;
}

/* 0, or a negative error number. */
static int64_t read_timespec(struct process *self, uint64_t vaddr, uint64_t *ns)
{
    struct timespec time;

    if (!space_copy_in(self->space, &time, vaddr, sizeof(time)))
        return -EFAULT;
    if (time.seconds < 0 || time.ns < 0 || time.ns >= (int64_t)NS_PER_SECOND)
        return -EINVAL;
    *ns = (uint64_t)INT64_MAX;
    if ((uint64_t)time.seconds < MAX_SECONDS)
        *ns = (uint64_t)time.seconds * NS_PER_SECOND + (uint64_t)time.ns;
    return 0;
}

/* args: the time, where what is left of it would go. */
int64_t sys_nanosleep(struct process *self, const uint64_t *args)
{
    uint64_t ns;
    int64_t result = read_timespec(self, args[0], &ns);

    if (result == 0)
        sched_sleep(ns);
    return result;
}

/* args: clock, flags, the time, where what is left of it would go. */
int64_t sys_clock_nanosleep(struct process *self, const uint64_t *args)
{
    uint64_t ns, now;
    int64_t result;

    if (args[0] != CLOCK_REALTIME && args[0] != CLOCK_MONOTONIC)
        return -EINVAL;
    result = read_timespec(self, args[2], &ns);
    if (result != 0)
        return result;
    if (args[1] & TIMER_ABSTIME) {
        (void)read_clock(args[0], &now);
        if (ns <= now)
            return 0;
        ns -= now;
    }
    sched_sleep(ns);
    return 0;
}

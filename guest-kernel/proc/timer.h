/* SPDX-License-Identifier: MIT
 *
 * Times at which something ends: the alarms of processes (ITIMER_REAL), and
 * until when a system call waits.
 */
#ifndef GUEST_KERNEL_PROC_TIMER_H
#define GUEST_KERNEL_PROC_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "guest-kernel/proc/process.h"

#define NS_PER_SECOND 1000000000ul
#define NS_PER_US 1000ul

/* Linux's struct timespec and struct timeval: in user memory. */
struct timespec {
    int64_t seconds;
    int64_t ns;
};
struct timeval {
    int64_t seconds;
    int64_t us;
};

/* From user memory: 0, -EFAULT or -EINVAL. What is longer than 292 years is
 * cut to that, so that no sum of two overflows. */
int64_t timer_read_timespec(struct space *space, uint64_t vaddr, uint64_t *ns);
int64_t timer_read_timeval(struct space *space, uint64_t vaddr, uint64_t *ns);
bool timer_write_timespec(struct space *space, uint64_t vaddr, uint64_t ns);

/*
 * When a call that waits for ns gives up. If it was interrupted and starts
 * over, this is the time that it had then, which is forgotten.
 */
uint64_t timer_deadline(uint64_t ns);

/* What such a call returns when a signal comes: if no handler runs it goes on
 * until the deadline, else it is -EINTR. */
int64_t timer_interrupted(uint64_t deadline_ns);

/* The current thread sleeps until then: -ETIMEDOUT or -ERESTARTSYS. */
int64_t timer_sleep(uint64_t deadline_ns);

/*
 * The process gets SIGALRM when the clock has reached deadline_ns, 0 never, and
 * then every interval_ns, if that is not 0. Any interrupt state, and so below.
 */
void timer_start(struct process *process, uint64_t deadline_ns,
                 uint64_t interval_ns);

/* At the end of a process. */
void timer_stop(struct process *process);

#endif

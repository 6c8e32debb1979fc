/* SPDX-License-Identifier: MIT
 *
 * Which thread has the CPU: round robin with time slices, and sleeping.
 */
#ifndef GUEST_KERNEL_PROC_SCHED_H
#define GUEST_KERNEL_PROC_SCHED_H

#include <stdint.h>

#include "guest-kernel/proc/thread.h"

/* A thread keeps the CPU that long when others wait for it. */
#define SCHED_SLICE_NS 10000000ul

/* Registers the timer's handler: before privops_irq_start(). */
void sched_init(void);

/* The life of thread 0. Interrupts are disabled at first. */
_Noreturn void sched_idle(void);

/* Lets the other ready threads run first. */
void sched_yield(void);

/* For threads. The first wakes at the given time of privops_clock_ns(). */
void sched_sleep_until(uint64_t wake_ns);
void sched_sleep(uint64_t ns);

/*
 * Gives up the CPU with state BLOCKED (the caller is in a wait queue) or DEAD.
 * Called and returns with interrupts disabled; they are on meanwhile.
 */
void sched_block(enum thread_state state);

/* Makes a thread ready that is in no list. Interrupts are disabled. */
void sched_wake(struct thread *thread);

/* On the way out of an interrupt: switches if that is due. */
void sched_preempt(void);

#endif

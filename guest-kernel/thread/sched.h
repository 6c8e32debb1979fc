/* SPDX-License-Identifier: MIT
 *
 * Which thread has the CPU: round robin with time slices, and sleeping.
 */
#ifndef GUEST_KERNEL_THREAD_SCHED_H
#define GUEST_KERNEL_THREAD_SCHED_H

#include <stdint.h>

#include "guest-kernel/thread/thread.h"
#include "guest-kernel/x86/regs.h"

/* A thread keeps the CPU that long when others wait for it. */
#define SCHED_SLICE_NS 10000000ul

/* Binds the timer's port: after privops_irq_start(). */
void sched_init(void);

/* The life of thread 0. Interrupts are disabled. */
_Noreturn void sched_idle(void);

/* Is called as the idle thread before the CPU sleeps or goes to another thread,
 * and says whether it has done anything: what an interrupt has left to be done
 * when nobody else wants the CPU, without a switch. It is short, and does not
 * sleep. Interrupts are disabled. */
void sched_set_idle_work(bool (*work)(void));

/* Lets the other ready threads run first. */
void sched_yield(void);

/* In the middle of a long system call: lets others run if it is their turn.
 * Interrupts are enabled. */
void sched_breathe(void);

/* For the kernel's own threads, which nothing interrupts. The first wakes at
 * the given time of privops_clock_ns(). */
void sched_sleep_until(uint64_t wake_ns);
void sched_sleep(uint64_t ns);

/*
 * Gives up the CPU with state BLOCKED (the caller is in a wait queue, or knows
 * who will wake it) or DEAD, and wakes at wake_ns at the latest (UINT64_MAX:
 * never); thread->timed_out says that this was why. Called and returns with
 * interrupts disabled; they are on meanwhile.
 */
void sched_block(enum thread_state state, uint64_t wake_ns);

/* Makes a blocked thread ready: takes it out of its wait queue, and out of the
 * list of sleepers. Nothing if it is not blocked. Interrupts are disabled. */
void sched_wake(struct thread *thread);

/* alarm_next_ns() (thread/alarm.h) may be sooner now. Interrupts are disabled.
 */
void sched_timer_changed(void);

/* On the way out of an interrupt of regs: switches if that is due, and if this
 * was user mode or a thread of the kernel's own (thread/thread.h says why). The
 * idle thread looks by itself who is ready. */
void sched_preempt(const struct trap_regs *regs);

#endif

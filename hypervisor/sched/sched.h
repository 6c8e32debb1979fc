/* SPDX-License-Identifier: MIT
 *
 * Which vCPU runs on which CPU. A vCPU belongs to one CPU; the runnable ones
 * of a CPU take turns, by the policy (policy.h).
 */
#ifndef HYPERVISOR_SCHED_SCHED_H
#define HYPERVISOR_SCHED_SCHED_H

#include <stdint.h>

struct cpu_regs;
struct vcpu;

/* Once for each CPU, before it schedules. */
void sched_init_cpu(unsigned int cpu);

/* Gives the vCPU, which is down, to the next CPU in turn. Boot only. */
void sched_assign(struct vcpu *v, unsigned int nr_cpus);

/* Makes a vCPU that is down runnable. Any CPU. */
void sched_start(struct vcpu *v);

/*
 * An event became pending for v, which does not run on this CPU or is about to
 * sleep there: it wakes if it is blocked, and its CPU looks at its events.
 * Takes the run queue's lock.
 */
void sched_notify(struct vcpu *v);

/*
 * v's domain has ended: v does not run again. If it runs now it leaves its CPU
 * soon. Takes the run queue's lock. Any CPU.
 */
void sched_end(struct vcpu *v);

/*
 * The current vCPU sleeps at its exit, unless an event is pending already.
 * On its own CPU.
 */
void sched_block(struct vcpu *v);

/*
 * Puts the next vCPU's registers in the place of regs, those of the current
 * one, which are kept. Waits with interrupts on when there is nothing to run.
 */
void sched_switch(struct cpu_regs *regs);

/* The timers of this CPU's vCPUs or its slice have changed. */
void sched_timer_update(void);

/* The interrupts of the timer and of sched_end(), on this CPU. */
void sched_timer_interrupt(void);
void sched_kick_interrupt(void);

#endif

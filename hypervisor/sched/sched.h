/* SPDX-License-Identifier: MIT
 *
 * Which vCPU runs on which CPU. A vCPU belongs to one CPU; the runnable ones
 * of a CPU take turns, by the policy (policy.h). What core/ asks of it is in
 * core/schedule.h.
 */
#ifndef HYPERVISOR_SCHED_SCHED_H
#define HYPERVISOR_SCHED_SCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "hypervisor/core/schedule.h"

struct cpu_regs;
struct vcpu;

/* Once for each CPU that runs, from 0 upward, before it schedules. Boot only.
 */
void sched_init_cpu(unsigned int cpu);

/*
 * Puts the next vCPU's registers in the place of regs, those of the current
 * one, which are kept. Waits with interrupts on when there is nothing to run.
 */
void sched_switch(struct cpu_regs *regs);

/* The interrupts of the timer and of a kick, on this CPU. */
void sched_timer_interrupt(void);
void sched_kick_interrupt(void);

#endif

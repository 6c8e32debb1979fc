/* SPDX-License-Identifier: MIT
 *
 * What core/ asks of the scheduler, which stands above it and provides this
 * (sched/sched.c).
 */
#ifndef HYPERVISOR_CORE_SCHEDULE_H
#define HYPERVISOR_CORE_SCHEDULE_H

#include <stdint.h>

struct vcpu;

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
 * The vCPU's timer event comes at deadline, in ns, or soon after; 0: never. On
 * the vCPU's own CPU.
 */
void sched_set_timer(struct vcpu *v, uint64_t deadline);

#endif

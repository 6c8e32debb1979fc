/* SPDX-License-Identifier: MIT
 *
 * What core/ asks of the scheduler, which stands above it and provides this
 * (sched/sched.c).
 */
#ifndef HYPERVISOR_CORE_SCHEDULE_H
#define HYPERVISOR_CORE_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

struct cpu_info;
struct domain;
struct vcpu;

/* Bits of sched_vcpu.off: why a vCPU is not to run. */
#define SCHED_PAUSED 1u
#define SCHED_ENDED 2u
#define SCHED_MOVES 4u /* to another CPU: its own does that */

/*
 * Gives the vCPU, which is down and may run anywhere, to the CPU that has the
 * fewest. 0, or -ENOSPC
 * when each has as many as there is room for. Any CPU.
 */
int sched_assign(struct vcpu *v);

/* The other way, if it was assigned; it is down, or has left. */
void sched_unassign(struct vcpu *v);

/*
 * The domain has this weight and this cap from now on. It is seen soon, also by
 * CPUs that run its vCPUs. Takes run queues' locks. Any CPU.
 */
void sched_weigh(struct domain *d, uint32_t weight, uint32_t cap);

/*
 * v may run on the CPUs in mask, and on no others: if it is on another one, it
 * is moved as soon as it does not run, and does not go on before. 0, -EINVAL
 * (the machine has none of them), -EBUSY (its domain has ended) or -ENOSPC (it
 * would have to be moved, and none of them has room for it). Takes the run
 * queue's lock. Any CPU.
 */
int sched_set_affinity(struct vcpu *v, uint32_t mask);

/* Makes a vCPU that is down runnable. Any CPU. */
void sched_start(struct vcpu *v);

/*
 * An event became pending for v: it wakes if it is blocked, and its CPU looks
 * at its events. The first for a v that does not run on this CPU, self, the
 * other for the one that does and is about to sleep. Takes the run queue's
 * lock. Returns 0, for a handler to end with it.
 */
int64_t sched_notify(struct vcpu *v, struct cpu_info *self);
int64_t sched_notify_current(struct vcpu *v);

/*
 * v's domain has ended: v does not run again. Its CPU, which is told, takes it
 * off all queues and its timer out, soon; and once it does not run:
 * sched_has_left() says so. It may be down, and may never have had a CPU. Takes
 * the run queue's lock. Any CPU.
 */
void sched_end(struct vcpu *v);

/*
 * There is a domain to be taken apart: from now on this CPU does a share of it
 * (domain_reap()) after each slice's time, until domain_nr_dead is 0; and each
 * CPU while it is idle.
 */
void sched_reap(void);

/* After sched_end(v): its CPU has done all that, and all of it is saved. */
bool sched_has_left(const struct vcpu *v);

/*
 * v is not to run until sched_unpause(). If it runs now, it leaves its CPU
 * soon: sched_is_off() says so. Its state changes as if it were not paused, so
 * an event is not lost, and one that is started runs once it is unpaused. Each
 * takes the run queue's lock. Any CPU.
 */
void sched_pause(struct vcpu *v);
void sched_unpause(struct vcpu *v);

/* After sched_pause(v) or sched_down(v): it does not run, and all of it is
 * saved. */
bool sched_is_off(const struct vcpu *v);

/*
 * The current vCPU sleeps at its exit, unless an event is pending already.
 * On its own CPU.
 */
void sched_block(struct vcpu *v);

/*
 * The current vCPU is down from its exit on: until sched_start(), which must
 * wait for sched_is_off(). Its timer is not set any more. On its own CPU.
 */
void sched_down(struct vcpu *v);

/*
 * The vCPU's timer event comes at deadline, in ns, or soon after; 0: never. On
 * the vCPU's own CPU.
 */
void sched_set_timer(struct vcpu *v, uint64_t deadline);

#endif

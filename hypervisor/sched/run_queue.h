/* SPDX-License-Identifier: MIT
 *
 * What the files of the mechanism share: the run queue of a CPU. Other
 * directories, and the policies, do not know it.
 */
#ifndef HYPERVISOR_SCHED_RUN_QUEUE_H
#define HYPERVISOR_SCHED_RUN_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "hypervisor/base/spinlock.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/timers.h"
#include "hypervisor/sched/policy.h"
#include "hypervisor/x86/layout.h"
#include "lib/list.h"

struct cpu_info;

/* What the heap of a CPU's timers takes, and so many vCPUs it is enough for,
 * beside the reaper's timer and what the heap itself wants. */
#define SCHED_TIMERS_SIZE 8192
#define SCHED_MAX_VCPUS (SCHED_TIMERS_SIZE / sizeof(struct timer *) - 2)

struct run_queue {
    struct spinlock lock;
    uint32_t nr_waiting; /* at the policy; others read it without the lock */
    struct list_node leaving; /* vCPUs that ended or go to another CPU:
                                 vcpu.sched.leave_node */
    struct list_node arrived; /* those that came with a timer that is set:
                                 vcpu.sched.arrive_node */
    struct timers timers;     /* vcpu.timer; touched on this CPU only */
    struct timer reaper;      /* when a share of a teardown is due */
    uint64_t timers_from;     /* ns; no interrupt for a timer before that */
    uint64_t balance_from; /* ns; likewise, no busy CPU is given one; atomic */
    uint64_t ask_from;     /* ns; likewise, no other is asked for one; atomic */
    uint64_t help_from;  /* ns; likewise, an idle one gets none but at ticks */
    uint32_t last_given; /* CPU that was given one, or might have been */
    uint32_t refused;    /* bit n: CPU n, in vain, since it last was not */
} __attribute__((aligned(64)));

extern struct run_queue run_queues[MAX_CPUS];

/* Where v was a moment ago. */
static inline unsigned int sched_cpu_of(const struct vcpu *v)
{
    return __atomic_load_n(&v->sched.cpu, __ATOMIC_RELAXED);
}

/*
 * Takes the lock of the queue of v's CPU. That CPU alone moves v to another
 * one, with the locks of both queues. So whoever is on another CPU does not
 * know where v is until it has a lock: this looks a second time, and begins
 * anew when v has been moved meanwhile. What is found to be v's CPU's own, on
 * that CPU, stays so without a lock.
 */
struct run_queue *sched_lock_queue_of(const struct vcpu *v);

/* Whether v waits at the policy. The queue's lock is held. */
static inline bool sched_waits(const struct vcpu *v)
{
    return v->sched.state == VCPU_RUNNABLE && v->sched.off == 0 &&
           percpu_info(v->sched.cpu)->current != v;
}

/* v waits at the policy from now on, and does not any more. q is locked. */
static inline void sched_enqueue(struct run_queue *q, struct vcpu *v)
{
    q->nr_waiting++;
    sched_policy->enqueue(&v->sched);
}

static inline void sched_dequeue(struct run_queue *q, struct vcpu *v)
{
    q->nr_waiting--;
    sched_policy->dequeue(&v->sched);
}

/* The next CPU can have vCPUs; at boot. */
void sched_assign_init_cpu(unsigned int cpu);

/* How many that were. */
unsigned int sched_nr_cpus(void);

/*
 * This CPU goes idle, and asks the one where most wait to give it one; and it
 * does not idle any more.
 */
void sched_begin_idle(const struct cpu_info *cpu);
void sched_end_idle(const struct cpu_info *cpu);

/* Gives one that waits here to an idle CPU, if there is one; and at the end of
 * a turn, now and then, to a CPU that has less to do. Takes both queues' locks.
 */
void sched_help_idle(void);
void sched_balance(uint64_t now);

/*
 * Room for one more vCPU on that of these CPUs that has the fewest: the CPU, or
 * -EINVAL (there is none of them), or -ENOSPC. And one vCPU fewer there.
 */
int sched_room_take(uint32_t mask);
void sched_room_give_back(unsigned int cpu);

/* Has a CPU look at its work: at once if it is ours, by an interrupt if not. */
void sched_kick_cpu(unsigned int cpu, uint32_t work);

/* This CPU's timers, or its slice, have changed. */
void sched_update_timer(void);

/*
 * There are dead domains: a share of their teardown, by the interrupt of its
 * timer, and by an idle CPU. Sets that timer anew, but not the CPU's. The first
 * leaves it to the other when the CPU is idle, and says whether it did it.
 */
bool sched_reap_due(const struct cpu_info *cpu, struct run_queue *q);
void sched_reap_idle(struct run_queue *q);

/*
 * Those that ended, or are to go to another CPU, and do not run, leave this
 * CPU; a bounded number of them, the others by another kick. Takes the queue's
 * lock.
 */
void sched_leave(void);

/* The CPU to which v, which is to leave it, belongs is told. */
void sched_tell_cpu(unsigned int cpu, const struct vcpu *v);

/* v, taken out of this CPU's list `leaving` for that, goes to another CPU, if
 * it still is to. Takes both queues' locks. */
void sched_send_away(struct run_queue *from, struct vcpu *v);

/* The timers of those that have come to this CPU are set on it; a bounded
 * number of them, the others by another kick. Takes the queue's lock. */
void sched_adopt(void);

/* Whether that is to be done for v; under the queue's lock, or on its CPU if v
 * is to run there. */
static inline bool sched_has_arrived(const struct vcpu *v)
{
    return !list_is_empty(&v->sched.arrive_node);
}

/* The timer of v, which was taken out of the list, is set on this CPU. */
static inline void sched_adopt_one(struct run_queue *q, struct vcpu *v)
{
    timers_set(&q->timers, &v->timer, v->timer.deadline);
}

/* Whether there may be any; without a lock: who adds one sends a kick. */
static inline bool sched_any_arrived(const struct run_queue *q)
{
    return __atomic_load_n(&q->arrived.next, __ATOMIC_RELAXED) != &q->arrived;
}

/* The same of those that leave. */
static inline bool sched_any_leaves(const struct run_queue *q)
{
    return __atomic_load_n(&q->leaving.next, __ATOMIC_RELAXED) != &q->leaving;
}

#endif

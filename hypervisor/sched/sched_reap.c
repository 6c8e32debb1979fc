/* SPDX-License-Identifier: MIT
 *
 * Owns when a CPU takes dead domains apart: a share at a time
 * (core/domain_teardown.h), beside what it runs and while it has nothing to
 * run. A timer of the CPU's own says when the next share is due. It is no end
 * of a slice: a vCPU that sleeps or yields before its slice is over, or has
 * none, does not put it off.
 */
#include "hypervisor/base/time.h"
#include "hypervisor/core/domain_teardown.h"
#include "hypervisor/core/schedule.h"
#include "hypervisor/core/timers.h"
#include "hypervisor/sched/policy.h"
#include "hypervisor/sched/run_queue.h"
#include "hypervisor/x86/percpu.h"

/* An idle CPU goes on at once, or later if all wait for other CPUs. */
#define NEXT_NS 1
#define RETRY_NS 100000

static void set_next(struct run_queue *q, uint64_t pause)
{
    bool any = __atomic_load_n(&domain_nr_dead, __ATOMIC_SEQ_CST) != 0;

    timers_set(&q->timers, &q->reaper, any ? time_now_ns() + pause : 0);
}

void sched_reap(void)
{
    struct run_queue *q = &run_queues[this_cpu()->id];

    if (q->reaper.place)
        return;
    set_next(q, SCHED_SLICE_NS);
    sched_update_timer();
}

bool sched_reap_due(const struct cpu_info *cpu, struct run_queue *q)
{
    /* An idle CPU does it once it knows that nobody waits. */
    bool now = cpu->current != NULL;

    if (now)
        (void)domain_reap();
    set_next(q, SCHED_SLICE_NS);
    return now;
}

void sched_reap_idle(struct run_queue *q)
{
    bool goes_on = domain_reap();

    set_next(q, goes_on ? NEXT_NS : RETRY_NS);
}

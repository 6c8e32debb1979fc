/* SPDX-License-Identifier: MIT
 *
 * Owns how a domain's new weight and cap reach the policy.
 */
#include "hypervisor/base/spinlock.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/schedule.h"
#include "hypervisor/sched/policy.h"
#include "hypervisor/sched/run_queue.h"

/* One that waits is told, too: by the old weight it may wait for minutes. */
static void weigh_vcpu(struct vcpu *v)
{
    struct run_queue *q = sched_lock_queue_of(v);
    unsigned int cpu = v->sched.cpu;
    bool waits;

    waits = sched_waits(v);
    if (waits && sched_policy->weigh)
        sched_policy->weigh(&v->sched);
    waits |= percpu_info(cpu)->current == v;
    spin_unlock(&q->lock);
    if (waits)
        sched_kick_cpu(cpu, WORK_RESCHEDULE);
}

void sched_weigh(struct domain *d, uint32_t weight, uint32_t cap)
{
    unsigned int nr = __atomic_load_n(&d->nr_vcpus, __ATOMIC_ACQUIRE);
    uint32_t old_cap = __atomic_exchange_n(&d->cap, cap, __ATOMIC_RELAXED);

    __atomic_store_n(&d->weight, weight, __ATOMIC_RELAXED);
    if (cap != old_cap && sched_policy->cap_changed)
        sched_policy->cap_changed(d);
    __atomic_fetch_add(&d->generation, 1, __ATOMIC_RELEASE);
    for (unsigned int i = 0; i < nr; i++)
        weigh_vcpu(d->vcpus[i]);
}

/* SPDX-License-Identifier: MIT
 *
 * Owns how many vCPUs each CPU has, and so the room for their timers.
 */
#include "abi/errors.h"
#include "hypervisor/base/bug.h"
#include "hypervisor/base/spinlock.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/schedule.h"
#include "hypervisor/mm/frame.h"
#include "hypervisor/sched/run_queue.h"

static struct spinlock lock = SPINLOCK(assign);
static unsigned int nr_vcpus[MAX_CPUS];
static unsigned int nr_cpus;

void sched_assign_init_cpu(unsigned int cpu)
{
    mfn_t heap = frame_alloc_run(NR_PAGES(SCHED_TIMERS_SIZE));

    BUG_ON(cpu != nr_cpus || heap == MFN_NONE);
    timers_init(&run_queues[cpu].timers, frame_vaddr(heap));
    nr_cpus++;
}

/* The CPU with the fewest, and of these the first. */
static unsigned int least_used(void)
{
    unsigned int least = 0;

    for (unsigned int cpu = 1; cpu < nr_cpus; cpu++) {
        if (nr_vcpus[cpu] < nr_vcpus[least])
            least = cpu;
    }
    return least;
}

int sched_assign(struct vcpu *v)
{
    int result = -PARAPET_ENOSPC;
    unsigned int cpu;

    ASSERT(!v->sched.assigned);
    spin_lock(&lock);
    cpu = least_used();
    if (nr_vcpus[cpu] < SCHED_MAX_VCPUS) {
        nr_vcpus[cpu]++;
        v->sched.cpu = cpu;
        v->sched.affinity = UINT32_MAX;
        v->sched.assigned = true;
        result = 0;
    }
    spin_unlock(&lock);
    return result;
}

void sched_unassign(struct vcpu *v)
{
    spin_lock(&lock);
    if (v->sched.assigned) {
        ASSERT(v->sched.state == VCPU_DOWN || sched_has_left(v));
        nr_vcpus[v->sched.cpu]--;
        v->sched.assigned = false;
    }
    spin_unlock(&lock);
}

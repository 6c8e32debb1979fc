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
static unsigned int nr_vcpus[MAX_CPUS]; /* rises under the lock; atomic */
static unsigned int nr_cpus;

_Static_assert(MAX_CPUS == 32, "a mask of CPUs is an uint32_t");

void sched_assign_init_cpu(unsigned int cpu)
{
    mfn_t heap = frame_alloc_run(NR_PAGES(SCHED_TIMERS_SIZE));

    BUG_ON(cpu != nr_cpus || heap == MFN_NONE);
    timers_init(&run_queues[cpu].timers, frame_vaddr(heap));
    nr_cpus++;
}

unsigned int sched_nr_cpus(void)
{
    return nr_cpus;
}

/* Of these CPUs the one with the fewest, and of several the first. */
static unsigned int least_used(uint32_t mask)
{
    unsigned int least = (unsigned int)__builtin_ctz(mask);

    for (; mask; mask &= mask - 1) {
        unsigned int cpu = (unsigned int)__builtin_ctz(mask);

        if (nr_vcpus[cpu] < nr_vcpus[least])
            least = cpu;
    }
    return least;
}

int sched_room_take(uint32_t mask)
{
    int result = -PARAPET_ENOSPC;
    unsigned int cpu;

    mask &= (uint32_t)((1ul << nr_cpus) - 1);
    if (mask == 0)
        return -PARAPET_EINVAL;
    spin_lock(&lock);
    cpu = least_used(mask);
    if (nr_vcpus[cpu] < SCHED_MAX_VCPUS) {
        __atomic_fetch_add(&nr_vcpus[cpu], 1, __ATOMIC_RELAXED);
        result = (int)cpu;
    }
    spin_unlock(&lock);
    return result;
}

void sched_room_give_back(unsigned int cpu)
{
    __atomic_fetch_sub(&nr_vcpus[cpu], 1, __ATOMIC_RELAXED);
}

int sched_assign(struct vcpu *v)
{
    int cpu = sched_room_take(UINT32_MAX);

    ASSERT(!v->sched.assigned);
    if (cpu < 0)
        return cpu;
    v->sched.cpu = (unsigned int)cpu;
    v->sched.affinity = UINT32_MAX;
    v->sched.assigned = true;
    return 0;
}

void sched_unassign(struct vcpu *v)
{
    if (!v->sched.assigned)
        return;
    ASSERT(v->sched.state == VCPU_DOWN || sched_has_left(v));
    sched_room_give_back(v->sched.cpu);
    v->sched.assigned = false;
}

/* SPDX-License-Identifier: MIT
 *
 * Owns which of a CPU's vCPUs is given to another one.
 */
#include "hypervisor/sched/fair_give.h"

#include "hypervisor/base/time.h"
#include "hypervisor/sched/fair_cap.h"
#include "hypervisor/sched/fair_share.h"
#include "lib/list.h"

/* So many are looked at. */
#define GIVE_LOOKS 32

/* Whether s could run on dest now, and is not too much for it. */
static bool may_go(struct sched_vcpu *s, unsigned int dest, uint64_t most)
{
    struct domain *d = fair_vcpu(s)->domain;

    return sched_may_run_on(s, dest) && d->shares[s->cpu].each <= most &&
           fair_cap_wait(d, time_now_ns()) == 0;
}

/* The first of a list that may go; *looks is how many are still looked at. */
static struct sched_vcpu *find_in(struct list_node *list, unsigned int dest,
                                  uint64_t most, unsigned int *looks)
{
    struct sched_vcpu *s;

    list_for_each_entry (s, list, queue_node) {
        if (*looks == 0)
            return NULL;
        (*looks)--;
        if (may_go(s, dest, most))
            return s;
    }
    return NULL;
}

/* Those who have had least come first, roughly; and who has just come. */
struct sched_vcpu *fair_give(unsigned int cpu, unsigned int dest, uint64_t most)
{
    struct fair_cpu *c = &fair_cpus[cpu];
    unsigned int looks = GIVE_LOOKS;
    struct sched_vcpu *s = NULL;

    for (uint32_t place = 1; place <= c->nr && looks > 0 && !s; place++)
        s = find_in(&c->heap[place]->waiting, dest, most, &looks);
    if (!s && c->share)
        s = find_in(&c->share->waiting, dest, most, &looks);
    return s ? s : find_in(&c->arrivals, dest, most, &looks);
}

/* Of a CPU that one vCPU has for itself: as it was when that began. */
uint64_t fair_load(unsigned int cpu)
{
    return __atomic_load_n(&fair_cpus[cpu].load, __ATOMIC_RELAXED);
}

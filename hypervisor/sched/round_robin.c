/* SPDX-License-Identifier: MIT
 *
 * The policy round robin: who waits longest is next, for SCHED_SLICE_NS.
 */
#include <stddef.h>

#include "hypervisor/base/time.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/sched/policy.h"
#include "lib/list.h"

/* Who waits for a CPU, by sched_vcpu.queue_node, the longest first. */
static struct list_node queues[MAX_CPUS];

static void init_cpu(unsigned int cpu)
{
    list_init(&queues[cpu]);
}

static void enqueue(struct sched_vcpu *s)
{
    list_add_last(&queues[s->cpu], &s->queue_node);
}

static void dequeue(struct sched_vcpu *s)
{
    list_remove(&s->queue_node);
}

static uint64_t tick(unsigned int cpu)
{
    return list_is_empty(&queues[cpu]) ? 0 : time_now_ns() + SCHED_SLICE_NS;
}

static struct sched_vcpu *pick(unsigned int cpu, struct sched_vcpu *prev,
                               uint64_t *until)
{
    struct list_node *queue = &queues[cpu];
    struct list_node *next;

    *until = 0;
    if (list_is_empty(queue))
        return prev; /* the usual case */
    if (prev)
        list_add_last(queue, &prev->queue_node);
    next = list_take_first(queue);
    if (!list_is_empty(queue))
        *until = time_now_ns() + SCHED_SLICE_NS;
    return list_entry(next, struct sched_vcpu, queue_node);
}

/* So many are looked at; who may not run there has had its turn the next time.
 */
#define LOOKS 16

/* Who waits longest. Each is 1 of the load. */
static struct sched_vcpu *give(unsigned int cpu, unsigned int dest,
                               uint64_t most)
{
    struct list_node *queue = &queues[cpu];
    struct list_node *node = queue->next;

    for (int n = 0; n < LOOKS && most > 0 && node != queue; n++) {
        struct sched_vcpu *s = list_entry(node, struct sched_vcpu, queue_node);

        if (sched_may_run_on(s, dest))
            return s;
        node = node->next;
    }
    return NULL;
}

static uint64_t load(unsigned int cpu)
{
    return sched_nr_runnable(cpu);
}

const struct sched_policy round_robin = {
    .init_cpu = init_cpu,
    .enqueue = enqueue,
    .dequeue = dequeue,
    .pick = pick,
    .tick = tick,
    .give = give,
    .load = load,
};

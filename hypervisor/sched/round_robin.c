/* SPDX-License-Identifier: MIT
 *
 * The policy round robin: who waits longest is next, for SCHED_SLICE_NS.
 */
#include <stddef.h>

#include "hypervisor/base/time.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/sched/policy.h"
#include "lib/list.h"
#include "lib/macros.h"

static struct cpu {
    struct list_node queue; /* who waits, by sched_vcpu.queue_node, the longest
                               first */
    uint64_t turn_end;      /* ns; of the one that runs, if anybody waits */
    uint64_t tick; /* ns; once it has come the next one is as long after it as
                      a turn is, however often turns end early */
} cpus[MAX_CPUS];

static void init_cpu(unsigned int cpu)
{
    cpus[cpu] = (struct cpu){0};
    list_init(&cpus[cpu].queue);
}

static void enqueue(struct sched_vcpu *s)
{
    list_add_last(&cpus[s->cpu].queue, &s->queue_node);
}

static void dequeue(struct sched_vcpu *s)
{
    list_remove(&s->queue_node);
}

/* Until when the one that runs may, while others wait. */
static uint64_t limit(struct cpu *c, uint64_t now)
{
    if (c->tick <= now)
        c->tick = now + SCHED_SLICE_NS;
    return MIN(c->tick, c->turn_end);
}

static uint64_t start_turn(struct cpu *c, uint64_t now)
{
    c->turn_end = now + SCHED_SLICE_NS;
    return limit(c, now);
}

static uint64_t tick(unsigned int cpu)
{
    struct cpu *c = &cpus[cpu];

    return list_is_empty(&c->queue) ? 0 : start_turn(c, time_now_ns());
}

static struct sched_vcpu *pick(unsigned int cpu, struct sched_vcpu *prev,
                               uint64_t *until)
{
    struct cpu *c = &cpus[cpu];
    struct sched_vcpu *next;
    uint64_t now;

    *until = 0;
    if (list_is_empty(&c->queue)) { /* the usual case */
        if (prev)
            prev->yields = false;
        return prev;
    }
    now = time_now_ns();
    if (prev && !prev->yields && now < c->turn_end) {
        *until = limit(c, now);
        return prev;
    }
    if (prev)
        list_add_last(&c->queue, &prev->queue_node);
    next =
        list_entry(list_take_first(&c->queue), struct sched_vcpu, queue_node);
    next->yields = false;
    if (!list_is_empty(&c->queue))
        *until = start_turn(c, now);
    return next;
}

/* So many are looked at; who may not run there has had its turn the next time.
 */
#define LOOKS 16

/* Who waits longest. Each is 1 of the load. */
static struct sched_vcpu *give(unsigned int cpu, unsigned int dest,
                               uint64_t most)
{
    struct list_node *queue = &cpus[cpu].queue;
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

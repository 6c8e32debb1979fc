/* SPDX-License-Identifier: MIT
 *
 * Owns what keeps vCPUs off their CPUs: pauses, and how those that ended, or go
 * to another CPU, leave.
 *
 * A bit of sched_vcpu.off is set under the queue's lock, and whoever picks
 * looks at it under that lock. So afterwards the vCPU runs on only if `running`
 * is set, and it does not become set again. Only its own CPU clears it, once
 * all of the vCPU is saved.
 */
#include "hypervisor/base/bug.h"
#include "hypervisor/base/spinlock.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/schedule.h"
#include "hypervisor/core/timers.h"
#include "hypervisor/sched/policy.h"
#include "hypervisor/sched/run_queue.h"
#include "hypervisor/x86/apic.h"
#include "hypervisor/x86/percpu.h"
#include "lib/list.h"

/* So many leave at once, some 200 instructions each; some 700, if they go to
 * another CPU. An exit may do this twice: in a kick, and at a switch. */
#define LEAVE_AT_ONCE 4

void sched_pause(struct vcpu *v)
{
    struct run_queue *q = sched_lock_queue_of(v);
    unsigned int cpu = v->sched.cpu;
    bool runs = percpu_info(cpu)->current == v;

    if (sched_waits(v))
        sched_dequeue(q, v);
    v->sched.off |= SCHED_PAUSED;
    spin_unlock(&q->lock);
    if (runs)
        sched_kick_cpu(cpu, WORK_RESCHEDULE);
}

void sched_unpause(struct vcpu *v)
{
    struct run_queue *q = sched_lock_queue_of(v);
    unsigned int cpu = v->sched.cpu;
    bool waits = false;

    if (v->sched.off & SCHED_PAUSED) {
        v->sched.off &= ~SCHED_PAUSED;
        waits = sched_waits(v);
        if (waits)
            sched_enqueue(q, v);
    }
    spin_unlock(&q->lock);
    if (waits)
        sched_kick_cpu(cpu, WORK_EVENT);
}

bool sched_is_off(const struct vcpu *v)
{
    return !__atomic_load_n(&v->sched.running, __ATOMIC_ACQUIRE);
}

bool sched_has_left(const struct vcpu *v)
{
    return __atomic_load_n(&v->sched.left, __ATOMIC_ACQUIRE);
}

/*
 * One of those that leave and do not run; NULL when there is none. *ended: it
 * leaves for good, and nobody puts it into a list any more.
 */
static struct vcpu *take_leaving(struct run_queue *q, const struct vcpu *runs,
                                 bool *ended)
{
    struct vcpu *v = NULL;
    struct list_node *node;

    spin_lock(&q->lock);
    node = q->leaving.next;
    if (runs && node == &runs->sched.leave_node)
        node = node->next;
    if (node != &q->leaving) {
        v = list_entry(node, struct vcpu, sched.leave_node);
        list_remove(node);
        *ended = (v->sched.off & SCHED_ENDED) != 0;
        if (*ended)
            list_remove(&v->sched.arrive_node);
    }
    spin_unlock(&q->lock);
    return v;
}

static void leave_for_good(struct run_queue *q, struct vcpu *v)
{
    ASSERT(!v->sched.running && v->sched.state == VCPU_ENDED);
    timers_set(&q->timers, &v->timer, 0);
    if (v->sched.off & SCHED_MOVES)
        sched_room_give_back(v->sched.dest);
    __atomic_store_n(&v->sched.left, true, __ATOMIC_RELEASE);
}

void sched_leave(void)
{
    struct cpu_info *cpu = this_cpu();
    struct run_queue *q = &run_queues[cpu->id];

    for (int n = 0; n < LEAVE_AT_ONCE; n++) {
        bool ended;
        struct vcpu *v = take_leaving(q, cpu->current, &ended);

        if (!v) {
            sched_update_timer();
            return;
        }
        if (ended)
            leave_for_good(q, v);
        else
            sched_send_away(q, v);
    }
    sched_update_timer();
    apic_send(cpu->apic_id, VECTOR_KICK);
}

/* So is ours told, since a whole domain may end at once: it leaves after this
 * call, with a bounded number of others. */
void sched_tell_cpu(unsigned int cpu, const struct vcpu *v)
{
    const struct cpu_info *self = this_cpu();

    if (cpu == self->id && self->current != v)
        apic_send(self->apic_id, VECTOR_KICK);
    else
        sched_kick_cpu(cpu, WORK_RESCHEDULE);
}

void sched_end(struct vcpu *v)
{
    struct run_queue *q;
    bool first;

    ASSERT(v->domain->ended);
    q = sched_lock_queue_of(v);
    first = (v->sched.off & SCHED_ENDED) == 0;
    if (first) {
        if (sched_waits(v))
            sched_dequeue(q, v);
        v->sched.off |= SCHED_ENDED;
        if (percpu_info(v->sched.cpu)->current != v)
            v->sched.state = VCPU_ENDED;
        if (!v->sched.assigned)
            v->sched.left = true;
        else if (list_is_empty(&v->sched.leave_node))
            list_add_last(&q->leaving, &v->sched.leave_node);
    }
    spin_unlock(&q->lock);
    if (first && v->sched.assigned)
        sched_tell_cpu(v->sched.cpu, v); /* it is moved no more */
}

/* SPDX-License-Identifier: MIT
 *
 * Owns the run queues, one for each CPU: their locks, the states of vCPUs,
 * switches and kicks. Who is next, and until when, says the policy (policy.h).
 *
 * A vCPU's state changes under its CPU's queue lock. Those that are runnable
 * wait at the policy, but for the one that is current.
 */
#include "hypervisor/sched/sched.h"

#include "abi/exits.h"
#include "hypervisor/base/bug.h"
#include "hypervisor/base/spinlock.h"
#include "hypervisor/base/time.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/engine.h"
#include "hypervisor/core/event.h"
#include "hypervisor/core/meter.h"
#include "hypervisor/sched/policy.h"
#include "hypervisor/x86/apic.h"
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/percpu.h"
#include "lib/list.h"

struct run_queue {
    struct spinlock lock;
    struct list_node vcpus; /* sched_vcpu.cpu_node: all that belong here */
} __attribute__((aligned(64)));

static struct run_queue queues[MAX_CPUS];

void sched_init_cpu(unsigned int cpu)
{
    list_init(&queues[cpu].vcpus);
    sched_policy->init_cpu(cpu);
}

void sched_assign(struct vcpu *v, unsigned int nr_cpus)
{
    static unsigned int next;

    v->sched.cpu = next++ % nr_cpus;
    list_add_last(&queues[v->sched.cpu].vcpus, &v->sched.cpu_node);
}

/*
 * A vCPU that had this CPU for itself has had no slice: it gets one now that
 * somebody waits.
 */
static void start_slice(struct cpu_info *cpu)
{
    struct run_queue *q = &queues[cpu->id];
    bool started = false;

    spin_lock(&q->lock);
    if (cpu->current && cpu->slice_end == 0) {
        cpu->slice_end = sched_policy->tick(cpu->id);
        started = cpu->slice_end != 0;
    }
    spin_unlock(&q->lock);
    /* Only then: it looks at every vCPU of the CPU. */
    if (started)
        sched_timer_update();
}

/* Has a CPU look at its work: at once if it is ours, by an interrupt if not. */
static void kick_cpu(unsigned int cpu, uint32_t work)
{
    struct cpu_info *self = this_cpu();

    if (cpu == self->id) {
        self->exit_work |= work;
        start_slice(self);
    } else {
        apic_send(percpu_info(cpu)->apic_id, VECTOR_KICK);
    }
}

/* Changes v from one state to runnable, and into the queue. */
static bool make_runnable(struct vcpu *v, enum vcpu_state from)
{
    struct run_queue *q = &queues[v->sched.cpu];
    bool changed = false;

    spin_lock(&q->lock);
    if (v->sched.state == from) {
        v->sched.state = VCPU_RUNNABLE;
        if (percpu_info(v->sched.cpu)->current != v)
            sched_policy->enqueue(&v->sched);
        changed = true;
    }
    spin_unlock(&q->lock);
    return changed;
}

void sched_start(struct vcpu *v)
{
    if (make_runnable(v, VCPU_DOWN))
        kick_cpu(v->sched.cpu, WORK_EVENT);
}

void sched_notify(struct vcpu *v)
{
    /*
     * One that waits in a queue needs no kick: it looks at its events when it
     * is switched in. Not missed: pending was set before make_runnable() took
     * the queue's lock, under which current changes. Either that change comes
     * later, and the look at pending with it, or it is seen here.
     */
    if (make_runnable(v, VCPU_BLOCKED) ||
        percpu_info(v->sched.cpu)->current == v)
        kick_cpu(v->sched.cpu, WORK_EVENT);
}

void sched_end(struct vcpu *v)
{
    struct run_queue *q = &queues[v->sched.cpu];
    bool runs;

    ASSERT(v->domain->ended);
    spin_lock(&q->lock);
    runs = percpu_info(v->sched.cpu)->current == v;
    if (!runs) {
        if (v->sched.state == VCPU_RUNNABLE)
            sched_policy->dequeue(&v->sched);
        v->sched.state = VCPU_ENDED;
    }
    spin_unlock(&q->lock);
    if (runs)
        kick_cpu(v->sched.cpu, WORK_RESCHEDULE);
}

void sched_block(struct vcpu *v)
{
    struct run_queue *q = &queues[v->sched.cpu];

    ASSERT(v == this_cpu()->current);
    spin_lock(&q->lock);
    v->sched.state = VCPU_BLOCKED;
    spin_unlock(&q->lock);
    /* A sender that sees the old state has set pending before. */
    if (__atomic_load_n(&v->page->event_pending, __ATOMIC_SEQ_CST))
        (void)make_runnable(v, VCPU_BLOCKED);
    this_cpu()->exit_work |= WORK_RESCHEDULE | WORK_EVENT;
}

static struct vcpu *pick(struct cpu_info *cpu, struct vcpu *prev)
{
    struct run_queue *q = &queues[cpu->id];
    struct sched_vcpu *s = NULL;
    struct vcpu *next;

    spin_lock(&q->lock);
    if (prev && prev->domain->ended)
        prev->sched.state = VCPU_ENDED;
    if (prev && prev->sched.state == VCPU_RUNNABLE)
        s = &prev->sched;
    s = sched_policy->pick(cpu->id, s, &cpu->slice_end);
    next = s ? list_entry(s, struct vcpu, sched) : NULL;
    ASSERT(!next || (s->state == VCPU_RUNNABLE && s->cpu == cpu->id));
    cpu->current = next;
    spin_unlock(&q->lock);
    return next;
}

static void load_hot_words(struct cpu_info *cpu, struct vcpu *v)
{
    cpu->dispatch = v->domain->dispatch;
    cpu->counters = (uint64_t *)v->counters;
    cpu->vcpu_page = (uint8_t *)v->page;
    cpu->exception = v->domain->engine->exception;
}

void sched_switch(struct cpu_regs *regs)
{
    struct cpu_info *cpu = this_cpu();
    struct vcpu *prev = cpu->current;
    struct vcpu *next = pick(cpu, prev);

    if (next == prev && next) {
        sched_timer_update();
        return;
    }
    if (prev) {
        prev->regs = *regs;
        prev->domain->engine->switch_out(prev);
        prev->counters->exits[PARAPET_EXIT_switched_out]++;
    }
    while (!next) {
        sched_timer_update();
        meter_idle(cpu);
        next = pick(cpu, NULL);
    }
    next->domain->engine->switch_in(next);
    *regs = next->regs;
    load_hot_words(cpu, next);
    sched_timer_update();
}

void sched_timer_update(void)
{
    struct cpu_info *cpu = this_cpu();
    uint64_t deadline = cpu->slice_end;
    struct vcpu *v;

    list_for_each_entry (v, &queues[cpu->id].vcpus, sched.cpu_node) {
        if (v->timer_deadline && !v->domain->ended &&
            (deadline == 0 || v->timer_deadline < deadline))
            deadline = v->timer_deadline;
    }
    if (deadline != cpu->timer_deadline) {
        cpu->timer_deadline = deadline;
        time_set_timer(deadline);
    }
}

void sched_timer_interrupt(void)
{
    struct cpu_info *cpu = this_cpu();
    uint64_t now = time_now_ns();
    struct vcpu *v;

    list_for_each_entry (v, &queues[cpu->id].vcpus, sched.cpu_node) {
        if (v->timer_deadline && v->timer_deadline <= now) {
            v->timer_deadline = 0;
            event_raise_vcpu_virq(v, PARAPET_VIRQ_TIMER);
        }
    }
    if (cpu->slice_end && cpu->slice_end <= now)
        cpu->exit_work |= WORK_RESCHEDULE;
    /* The one shot is over: whatever is next must be set anew. */
    cpu->timer_deadline = 0;
    sched_timer_update();
}

void sched_kick_interrupt(void)
{
    struct cpu_info *cpu = this_cpu();

    if (cpu->current && cpu->current->domain->ended)
        cpu->exit_work |= WORK_RESCHEDULE;
    start_slice(cpu);
}

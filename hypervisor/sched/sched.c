/* SPDX-License-Identifier: MIT
 *
 * Owns the run queues: round robin, one queue for each CPU. Knows vCPUs and
 * engines by their headers only, and no other policy.
 *
 * A vCPU's state changes under its CPU's queue lock. A current vCPU is in no
 * queue.
 */
#include "hypervisor/sched/sched.h"

#include "abi/exits.h"
#include "hypervisor/base/bug.h"
#include "hypervisor/base/spinlock.h"
#include "hypervisor/base/time.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/engine.h"
#include "hypervisor/core/event.h"
#include "hypervisor/x86/apic.h"
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/percpu.h"
#include "lib/list.h"

struct run_queue {
    struct spinlock lock;
    struct list_node runnable; /* sched_vcpu.queue_node */
    struct list_node vcpus;    /* sched_vcpu.cpu_node: all that belong here */
} __attribute__((aligned(64)));

static struct run_queue queues[MAX_CPUS];

void sched_init_cpu(unsigned int cpu)
{
    list_init(&queues[cpu].runnable);
    list_init(&queues[cpu].vcpus);
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
    if (cpu->current && cpu->slice_end == 0 && !list_is_empty(&q->runnable)) {
        cpu->slice_end = time_now_ns() + SCHED_SLICE_NS;
        started = true;
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
            list_add_last(&q->runnable, &v->sched.queue_node);
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

void sched_kick(struct vcpu *v)
{
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

/* Takes the next vCPU to run; those of ended domains drop out here. */
static struct vcpu *take_next(struct run_queue *q)
{
    struct list_node *node;

    while ((node = list_take_first(&q->runnable)) != NULL) {
        struct vcpu *v = list_entry(node, struct vcpu, sched.queue_node);

        ASSERT(v->sched.state == VCPU_RUNNABLE);
        if (!v->domain->ended)
            return v;
        v->sched.state = VCPU_ENDED;
    }
    return NULL;
}

static struct vcpu *pick(struct cpu_info *cpu, struct vcpu *prev)
{
    struct run_queue *q = &queues[cpu->id];
    struct vcpu *next;

    spin_lock(&q->lock);
    if (prev && prev->domain->ended)
        prev->sched.state = VCPU_ENDED;
    if (prev && prev->sched.state == VCPU_RUNNABLE)
        list_add_last(&q->runnable, &prev->sched.queue_node);
    next = take_next(q);
    cpu->current = next;
    cpu->slice_end =
        list_is_empty(&q->runnable) ? 0 : time_now_ns() + SCHED_SLICE_NS;
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
        cpu_wait_for_interrupt();
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

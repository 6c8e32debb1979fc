/* SPDX-License-Identifier: MIT
 *
 * Owns the run queues, one for each CPU: their locks, the states of vCPUs,
 * switches and kicks. Who is next, and until when, says the policy (policy.h).
 *
 * A vCPU's state changes under its CPU's queue lock. Those that are runnable
 * wait at the policy, but for the one that is current, and for those that are
 * kept off (sched_off.c).
 */
#include "hypervisor/sched/sched.h"

#include "abi/exits.h"
#include "hypervisor/base/bug.h"
#include "hypervisor/base/spinlock.h"
#include "hypervisor/base/time.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/domain_teardown.h"
#include "hypervisor/core/engine.h"
#include "hypervisor/core/event.h"
#include "hypervisor/core/meter.h"
#include "hypervisor/core/timers.h"
#include "hypervisor/sched/policy.h"
#include "hypervisor/sched/run_queue.h"
#include "hypervisor/x86/apic.h"
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/percpu.h"
#include "lib/list.h"
#include "lib/macros.h"

/*
 * So many timers are handled by one interrupt, some 200 instructions each.
 * The others wait for the next one, and the guest runs in between.
 */
#define TIMERS_AT_ONCE 16
#define TIMERS_PAUSE_NS 5000

struct run_queue run_queues[MAX_CPUS];

void sched_init_cpu(unsigned int cpu)
{
    spin_init(&run_queues[cpu].lock, LOCK_run_queue, cpu);
    list_init(&run_queues[cpu].leaving);
    list_init(&run_queues[cpu].arrived);
    percpu_info(cpu)->queue = &run_queues[cpu];
    sched_assign_init_cpu(cpu);
    sched_policy->init_cpu(cpu);
}

/* The timers of this CPU, or its slice, have changed. */
static inline void timer_update(struct cpu_info *cpu, struct run_queue *q)
{
    uint64_t deadline = cpu->slice_end;

    if (q->timers.nr) {
        uint64_t timer =
            MAX(timers_first(&q->timers)->deadline, q->timers_from);

        if (deadline == 0 || timer < deadline)
            deadline = timer;
    }
    if (deadline != cpu->timer_deadline) {
        cpu->timer_deadline = deadline;
        time_set_timer(deadline);
    }
}

void sched_update_timer(void)
{
    struct cpu_info *cpu = this_cpu();

    timer_update(cpu, &run_queues[cpu->id]);
}

/*
 * Somebody has come to wait: a vCPU that had this CPU for itself has had no
 * slice, and gets one now. The queue's lock is held; who let it go updates the
 * timer.
 */
static inline void start_slice(struct cpu_info *cpu)
{
    if (cpu->current && cpu->slice_end == 0)
        cpu->slice_end = sched_policy->tick(cpu->id);
}

static void look_at_slice(struct cpu_info *cpu)
{
    struct run_queue *q = &run_queues[cpu->id];

    spin_lock(&q->lock);
    start_slice(cpu);
    spin_unlock(&q->lock);
    timer_update(cpu, q);
}

void sched_kick_cpu(unsigned int cpu, uint32_t work)
{
    struct cpu_info *self = this_cpu();

    if (cpu == self->id) {
        self->exit_work |= work;
        look_at_slice(self);
    } else {
        apic_send(percpu_info(cpu)->apic_id, VECTOR_KICK);
    }
}

/*
 * Changes v from one state to runnable; true if it waits for its turn now. The
 * lock of q, the queue of its CPU, is held; current is that of this CPU.
 */
static inline bool make_runnable(struct run_queue *q, struct vcpu *v,
                                 enum vcpu_state from,
                                 const struct vcpu *current)
{
    if (v->sched.state != from)
        return false;
    v->sched.state = VCPU_RUNNABLE;
    if (v->sched.off || v == current)
        return false;
    sched_enqueue(q, v);
    return true;
}

/*
 * The same for who does not hold the lock, nor know v's CPU. This is told if v
 * waits for its turn now, or runs.
 */
static void make_runnable_anywhere(struct vcpu *v, enum vcpu_state from)
{
    struct run_queue *q = sched_lock_queue_of(v);
    unsigned int cpu = v->sched.cpu;
    const struct vcpu *current = percpu_info(cpu)->current;
    bool looks = make_runnable(q, v, from, current) || current == v;

    spin_unlock(&q->lock);
    if (looks)
        sched_kick_cpu(cpu, WORK_EVENT);
}

void sched_start(struct vcpu *v)
{
    make_runnable_anywhere(v, VCPU_DOWN);
}

/*
 * v runs here, or belongs to another CPU. One that waits in a queue needs no
 * kick: it looks at its events when it is switched in, wherever it is moved
 * before. Not missed: pending was set before the queue's lock is taken, under
 * which current changes. Either that change comes later, and the look at
 * pending with it, or it is seen here.
 */
static __attribute__((noinline)) int64_t notify_with_kick(struct vcpu *v)
{
    make_runnable_anywhere(v, VCPU_BLOCKED);
    return 0;
}

/* v belongs to this CPU, where no slice runs. */
static __attribute__((noinline)) int64_t
notify_with_slice(struct vcpu *v, struct run_queue *q, struct cpu_info *self)
{
    spin_lock(&q->lock);
    if (make_runnable(q, v, VCPU_BLOCKED, NULL))
        start_slice(self);
    spin_unlock(&q->lock);
    timer_update(self, q);
    return 0;
}

/* The same while one does: at its end v has its turn. */
static __attribute__((noinline)) int64_t notify_here(struct vcpu *v,
                                                     struct run_queue *q)
{
    spin_lock(&q->lock);
    (void)make_runnable(q, v, VCPU_BLOCKED, NULL);
    spin_unlock(&q->lock);
    return 0;
}

int64_t sched_notify_current(struct vcpu *v)
{
    return notify_with_kick(v);
}

/* Each way is apart, to save no more registers than it needs. */
int64_t sched_notify(struct vcpu *v, struct cpu_info *self)
{
    /* What is this CPU's needs no second look: nobody else moves it. */
    if (sched_cpu_of(v) != self->id)
        return notify_with_kick(v);
    if (self->slice_end == 0)
        return notify_with_slice(v, self->queue, self);
    return notify_here(v, self->queue);
}

void sched_block(struct vcpu *v)
{
    struct cpu_info *cpu = this_cpu();
    struct run_queue *q = cpu->queue;

    ASSERT(v == cpu->current);
    spin_lock(&q->lock);
    v->sched.state = VCPU_BLOCKED;
    spin_unlock(&q->lock);
    /* A sender that sees the old state has set pending before. */
    if (__atomic_load_n(&v->page->event_pending, __ATOMIC_SEQ_CST)) {
        spin_lock(&q->lock);
        (void)make_runnable(q, v, VCPU_BLOCKED, v);
        spin_unlock(&q->lock);
    }
    cpu->exit_work |= WORK_RESCHEDULE | WORK_EVENT;
}

/* s, if it is not NULL, could go on. If another one is next, it waits. */
static inline struct sched_vcpu *
pick_by_policy(struct cpu_info *cpu, struct run_queue *q, struct sched_vcpu *s)
{
    struct sched_vcpu *next = sched_policy->pick(cpu->id, s, &cpu->slice_end);

    if (next != s)
        q->nr_waiting += (uint32_t)(s != NULL) - (uint32_t)(next != NULL);
    return next;
}

unsigned int sched_nr_runnable(unsigned int cpu)
{
    return __atomic_load_n(&run_queues[cpu].nr_waiting, __ATOMIC_RELAXED) +
           (percpu_info(cpu)->current != NULL);
}

/* v, which has come from another CPU, is about to run: its timer is to be set
 * here before. The queue's lock is held. */
static inline bool takes_timer_in(struct vcpu *v)
{
    if (__builtin_expect(!sched_has_arrived(v), 1))
        return false;
    list_remove(&v->sched.arrive_node);
    return true;
}

static inline __attribute__((always_inline)) struct vcpu *
pick(struct cpu_info *cpu, struct vcpu *prev)
{
    struct run_queue *q = &run_queues[cpu->id];
    struct sched_vcpu *s = NULL;
    bool adopts = false;
    struct vcpu *next;

    spin_lock(&q->lock);
    if (prev && prev->sched.off == 0) {
        if (prev->sched.state == VCPU_RUNNABLE)
            s = &prev->sched;
    } else if (prev && prev->sched.off & SCHED_ENDED) {
        prev->sched.state = VCPU_ENDED;
    }
    s = pick_by_policy(cpu, q, s);
    next = s ? list_entry(s, struct vcpu, sched) : NULL;
    ASSERT(!next || (s->state == VCPU_RUNNABLE && s->cpu == cpu->id));
    ASSERT(!next || s->off == 0);
    if (next) {
        s->running = true;
        adopts = takes_timer_in(next);
    }
    cpu->current = next;
    spin_unlock(&q->lock);
    if (__builtin_expect(adopts, 0))
        sched_adopt_one(q, next);
    return next;
}

/* All of it is saved: from now on any CPU may touch it. */
static void let_go(struct vcpu *prev)
{
    prev->counters->exits[PARAPET_EXIT_switched_out]++;
    __atomic_store_n(&prev->sched.running, false, __ATOMIC_RELEASE);
}

/*
 * Sleeps. Whoever takes a domain out of sight and then sees `idle` knows that
 * this CPU finds it no more: the last store is a barrier before all that this
 * CPU reads from here on. The handler of the interrupt does the same. Not
 * inlined: the bench looks whether it was called (tools/bench_lib/parts.py).
 */
static __attribute__((noinline)) void wait_idle(struct cpu_info *cpu)
{
    __atomic_store_n(&cpu->idle, true, __ATOMIC_RELEASE);
    meter_idle(cpu);
    __atomic_store_n(&cpu->idle, false, __ATOMIC_SEQ_CST);
}

static void load_hot_words(struct cpu_info *cpu, struct vcpu *v)
{
    cpu->dispatch = v->domain->dispatch;
    cpu->counters = (uint64_t *)v->counters;
    cpu->vcpu_page = (uint8_t *)v->page;
    cpu->exception = v->domain->engine->exception;
}

/* The same, for a CPU that nobody runs on: apart, as the switch has one of its
 * own. */
static __attribute__((noinline)) struct vcpu *pick_any(struct cpu_info *cpu)
{
    return pick(cpu, NULL);
}

/* A share may wake a vCPU of this CPU, by an event that it raises. */
static struct vcpu *reap_and_pick(struct cpu_info *cpu)
{
    sched_reap_idle(&run_queues[cpu->id]);
    return pick_any(cpu);
}

void sched_switch(struct cpu_regs *regs)
{
    struct cpu_info *cpu = this_cpu();
    struct vcpu *prev = cpu->current;
    struct vcpu *next = pick(cpu, prev);

    if (next == prev && next) {
        sched_update_timer();
        return;
    }
    if (prev) {
        prev->regs = *regs;
        prev->domain->engine->switch_out(prev);
        let_go(prev);
        if (sched_any_leaves(&run_queues[cpu->id]))
            sched_leave();
    }
    while (!next) {
        if (domain_nr_dead != 0)
            next = reap_and_pick(cpu);
        if (next)
            break;
        sched_update_timer();
        sched_begin_idle(cpu);
        wait_idle(cpu);
        sched_end_idle(cpu);
        next = pick_any(cpu);
    }
    next->domain->engine->switch_in(next);
    *regs = next->regs;
    load_hot_words(cpu, next);
    sched_update_timer();
}

/* Apart, so that the other way saves no registers. */
static __attribute__((noinline)) void
set_one_of_timers(struct vcpu *v, uint64_t deadline, struct run_queue *q)
{
    timers_set(&q->timers, &v->timer, deadline);
    timer_update(this_cpu(), q);
}

void sched_set_timer(struct vcpu *v, uint64_t deadline)
{
    struct run_queue *q = &run_queues[v->sched.cpu]; /* v runs: it stays here */

    /* The only one needs no place. */
    if (deadline && q->timers.nr == 1 && v->timer.place) {
        v->timer.deadline = deadline;
        timer_update(this_cpu(), q);
    } else {
        set_one_of_timers(v, deadline, q);
    }
}

void sched_down(struct vcpu *v)
{
    struct cpu_info *cpu = this_cpu();
    struct run_queue *q = cpu->queue;

    ASSERT(v == cpu->current);
    sched_set_timer(v, 0);
    spin_lock(&q->lock);
    v->sched.state = VCPU_DOWN;
    spin_unlock(&q->lock);
    cpu->exit_work |= WORK_RESCHEDULE;
}

/* Raises the events of the timers that are up, or of some of them. */
static void run_timers(struct run_queue *q, uint64_t now)
{
    for (int n = 0; n < TIMERS_AT_ONCE; n++) {
        struct timer *timer = timers_first(&q->timers);
        struct vcpu *v;

        if (!timer)
            return;
        if (timer->deadline > now)
            return;
        ASSERT(timer != &q->reaper);
        v = container_of(timer, struct vcpu, timer);
        timers_set(&q->timers, timer, 0);
        event_raise_vcpu_virq(v, PARAPET_VIRQ_TIMER);
    }
    q->timers_from = time_now_ns() + TIMERS_PAUSE_NS;
}

/*
 * Whether a share of a teardown was due, and was done. It comes before all
 * timers: a guest could set its own so that it is always first.
 */
static bool reap(struct cpu_info *cpu, struct run_queue *q, uint64_t now)
{
    if (q->reaper.place == 0 || q->reaper.deadline > now ||
        !sched_reap_due(cpu, q))
        return false;
    q->timers_from = time_now_ns() + TIMERS_PAUSE_NS;
    return true;
}

/* Whether the one that runs has no limit any more, since those that it had one
 * for wait no longer. Who comes to wait from here on kicks this CPU. */
static bool is_unlimited(struct cpu_info *cpu, struct run_queue *q)
{
    spin_lock(&q->lock);
    if (q->nr_waiting == 0)
        cpu->slice_end = sched_policy->tick(cpu->id);
    spin_unlock(&q->lock);
    return cpu->slice_end == 0;
}

/*
 * An idle CPU picks after this interrupt, whatever its slice was for. It has
 * none until then: a timer that is up already could keep it from that for ever.
 */
static void end_slice(struct cpu_info *cpu, struct run_queue *q)
{
    if (cpu->current && !is_unlimited(cpu, q))
        cpu->exit_work |= WORK_RESCHEDULE;
    if (!cpu->current)
        cpu->slice_end = 0;
}

static void look_at_time(struct cpu_info *cpu, struct run_queue *q,
                         uint64_t now)
{
    if (now >= q->timers_from)
        run_timers(q, now);
    if (!cpu->slice_end)
        return;
    if (cpu->slice_end <= now)
        end_slice(cpu, q);
    /* Or its end had come, and a vCPU yielded before it was seen. */
    sched_balance(now);
}

/* A share of a teardown is long: all else that is due then has an interrupt of
 * its own, the next one. */
void sched_timer_interrupt(void)
{
    struct cpu_info *cpu = this_cpu();
    struct run_queue *q = &run_queues[cpu->id];
    uint64_t now = time_now_ns();

    if (now < q->timers_from || !reap(cpu, q, now))
        look_at_time(cpu, q, now);
    /* The one shot is over: whatever is next must be set anew. When a switch
     * comes, by that: until then the slice's end is one that has passed, and
     * the timer would go off once more for it. */
    cpu->timer_deadline = 0;
    if (!(cpu->exit_work & WORK_RESCHEDULE))
        sched_update_timer();
}

void sched_kick_interrupt(void)
{
    struct cpu_info *cpu = this_cpu();

    if (cpu->current &&
        __atomic_load_n(&cpu->current->sched.off, __ATOMIC_RELAXED) != 0)
        cpu->exit_work |= WORK_RESCHEDULE;
    if (sched_any_arrived(&run_queues[cpu->id]))
        sched_adopt();
    if (sched_any_leaves(&run_queues[cpu->id]))
        sched_leave();
    sched_help_idle();
    look_at_slice(cpu);
}

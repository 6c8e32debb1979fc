/* SPDX-License-Identifier: MIT
 *
 * The run queue, the sleepers in the order of their waking, and the one-shot
 * timer that serves both: it is set for the next sleeper, and for the end of
 * the time slice while another thread waits for the CPU. No tick disturbs a
 * thread that has the CPU for itself, or the idle one.
 *
 * A process's thread gives up the CPU on its way to user mode: the end of its
 * slice is work to be done there (thread->work).
 *
 * Who sleeps when nobody else is ready waits where it is, on its own stack, as
 * the idle thread: mostly it is the next one to run, and no stack is switched.
 * Only a dead thread leaves its stack for the idle thread's own.
 *
 * All state is protected by disabled interrupts. A thread that is switched
 * away from always comes back with interrupts disabled.
 */
#include "guest-kernel/thread/sched.h"

#include "guest-kernel/core/irq.h"
#include "guest-kernel/thread/alarm.h"
#include "lib/list.h"
#include "lib/macros.h"

static struct list_node run_queue = LIST_INIT(run_queue);
static struct list_node sleepers = LIST_INIT(sleepers);
static struct thread *idle;
static uint64_t slice_end;
static uint64_t armed_ns = UINT64_MAX; /* what the timer is set for */
static bool switch_is_due;

static struct thread *first_sleeper(void)
{
    return list_first_entry(&sleepers, struct thread, sleeper);
}

/*
 * Sees to it that the timer goes off when something is due, or before. Often
 * it is set for an earlier time already: going off once for nothing is cheaper
 * than setting it at each switch, which costs the pv build a hypercall.
 */
static void program_timer(void)
{
    uint64_t deadline = alarm_next_ns();

    if (!list_is_empty(&run_queue))
        deadline = MIN(deadline, slice_end);
    if (!list_is_empty(&sleepers))
        deadline = MIN(deadline, first_sleeper()->wake_ns);
    if (deadline >= armed_ns)
        return;
    armed_ns = deadline;
    privops_timer_set(deadline);
}

static void charge(struct thread *thread, uint64_t now)
{
    thread->cpu_ns += now - thread->since_ns;
    thread->since_ns = now;
}

static bool no_work(void)
{
    return false;
}

static bool (*idle_work)(void) = no_work;

void sched_set_idle_work(bool (*work)(void))
{
    idle_work = work;
}

static void queue(struct thread *thread)
{
    thread->state = THREAD_READY;
    list_add_last(&run_queue, &thread->node);
}

/*
 * The current thread, whoever it is, sleeps until some thread is ready, and the
 * time is the idle thread's. What handlers have left as idle work is done
 * before that one runs. Returns the time.
 */
static uint64_t wait_idle(struct thread *self, uint64_t now)
{
    program_timer();
    idle->state = THREAD_RUNNING;
    idle->since_ns = now;
    idle->nr_switches++;
    thread_idle_begin();
    do {
        if (!idle_work())
            privops_idle();
    } while (list_is_empty(&run_queue));
    (void)idle_work();
    thread_idle_end(self);
    now = privops_clock_ns();
    charge(idle, now);
    idle->state = THREAD_READY;
    return now;
}

/* Puts the current thread where its state says, and runs the next one. */
static void schedule(void)
{
    struct thread *previous = thread_current(), *next = idle;
    uint64_t now = privops_clock_ns();
    bool waits;

    charge(previous, now);
    if (previous->state == THREAD_RUNNING && previous != idle)
        queue(previous);
    waits = list_is_empty(&run_queue) && previous->state != THREAD_DEAD;
    if (waits)
        now = wait_idle(previous, now);
    if (!list_is_empty(&run_queue))
        next = list_entry(list_take_first(&run_queue), struct thread, node);
    switch_is_due = false;
    slice_end = now + SCHED_SLICE_NS;
    program_timer();
    next->state = THREAD_RUNNING;
    next->since_ns = now;
    next->nr_switches += waits || next != previous;
    if (next != previous)
        thread_switch(next);
}

/* The idle thread gives way at once, the others at the end of their slice. */
static void make_ready(struct thread *thread)
{
    queue(thread);
    if (thread_current() == idle)
        switch_is_due = true;
}

void sched_wake(struct thread *thread)
{
    if (thread->state != THREAD_BLOCKED)
        return;
    list_remove(&thread->node);
    list_remove(&thread->sleeper);
    make_ready(thread);
    if (!switch_is_due)
        program_timer();
}

void sched_timer_changed(void)
{
    program_timer();
}

static void wake_sleepers(uint64_t now)
{
    struct thread *thread;

    while (!list_is_empty(&sleepers)) {
        thread = first_sleeper();
        if (thread->wake_ns > now)
            return;
        thread->timed_out = true;
        sched_wake(thread);
    }
}

static void end_slice(void)
{
    switch_is_due = true;
    thread_current()->work = true;
}

static void timer_interrupt(void *unused)
{
    uint64_t now = privops_clock_ns();

    (void)unused;
    armed_ns = UINT64_MAX; /* a one-shot timer: it has fired */
    alarm_expire(now);
    wake_sleepers(now);
    if (now >= slice_end && !list_is_empty(&run_queue))
        end_slice();
    if (!switch_is_due)
        program_timer();
}

void sched_init(void)
{
    idle = thread_current();
    irq_bind(privops_timer_port(), timer_interrupt, NULL);
}

void sched_preempt(const struct trap_regs *regs)
{
    const struct thread *self;

    if (!switch_is_due)
        return;
    self = thread_current();
    if (self != idle && (trap_from_user(regs) || self->user == NULL))
        schedule();
}

_Noreturn void sched_idle(void)
{
    for (;;)
        schedule();
}

void sched_yield(void)
{
    bool irq_on = privops_irq_save();

    schedule();
    privops_irq_restore(irq_on);
}

void sched_breathe(void)
{
    if (switch_is_due)
        sched_yield();
}

static void add_sleeper(struct thread *thread, uint64_t wake_ns)
{
    struct thread *other;

    thread->wake_ns = wake_ns;
    list_for_each_entry (other, &sleepers, sleeper)
        if (other->wake_ns > wake_ns)
            break;
    /* Past the last entry, &other->sleeper is the list itself. */
    list_insert_before(&other->sleeper, &thread->sleeper);
}

void sched_block(enum thread_state state, uint64_t wake_ns)
{
    struct thread *thread = thread_current();

    thread->state = state;
    thread->timed_out = false;
    if (wake_ns != UINT64_MAX)
        add_sleeper(thread, wake_ns);
    schedule();
}

void sched_sleep_until(uint64_t wake_ns)
{
    bool irq_on = privops_irq_save();

    sched_block(THREAD_BLOCKED, wake_ns);
    privops_irq_restore(irq_on);
}

void sched_sleep(uint64_t ns)
{
    sched_sleep_until(privops_clock_ns() + ns);
}

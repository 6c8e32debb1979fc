/* SPDX-License-Identifier: MIT
 *
 * Threads' records. A thread cannot free the stack it stands on: it leaves
 * itself in `dead`, and whoever is switched to frees it. Its space goes there,
 * too: another one is current by then, mostly, so none needs to be in between.
 *
 * Numbers go round: one is free again when no thread has it, and no process as
 * its own, its group's or its session's. Number 1 is for init alone.
 */
#include "guest-kernel/thread/thread.h"

#include "guest-kernel/core/panic.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/mm/space.h"
#include "guest-kernel/thread/sched.h"
#include "guest-kernel/thread/stack.h"
#include "lib/string.h"

/* As Linux's, at first: they fit in 16 bits. */
#define FIRST_ID 2u
#define LAST_ID 32767u

/* x86/switch.S */
void switch_stack(uint64_t *save_rsp, uint64_t load_rsp);

/* What switch_stack() pops of a thread that has never run. */
struct first_frame {
    uint64_t r15, r14, r13, r12, rbx, rbp;
    uint64_t return_vaddr;
    uint64_t end_of_backtrace; /* keeps rsp as after a call, too */
};

static struct list_node all_threads = LIST_INIT(all_threads);
static struct thread idle_thread = {.name = "idle"};
static struct thread *current = &idle_thread;
static const struct thread *lender; /* whose stack the idle thread is on */
static struct thread *dead;
static unsigned int nr_threads;

struct thread *thread_current(void)
{
    return current;
}

struct panic_thread thread_for_panic(void)
{
    const struct thread *on = lender != NULL ? lender : current;

    return (struct panic_thread){
        .id = current->id,
        .name = current->name,
        .stack_low = on->stack.low,
        .stack_high = on->stack.high,
    };
}

void thread_init(struct privops_stack boot_stack)
{
    idle_thread.stack = boot_stack;
    idle_thread.since_ns = privops_clock_ns();
    list_init(&idle_thread.node);
    list_init(&idle_thread.sleeper);
    list_add_last(&all_threads, &idle_thread.all);
    nr_threads = 1;
    stack_init();
}

static void bury_dead(void)
{
    struct thread *thread = dead;

    if (thread == NULL)
        return;
    dead = NULL;
    stack_free(thread->stack);
    list_remove(&thread->all);
    nr_threads--;
    space_put(thread->last_space);
    kfree(thread);
}

/* The first function on a new stack. */
static _Noreturn void thread_begin(void)
{
    bury_dead();
    privops_irq_enable();
    current->function(current->argument);
    thread_exit();
}

static void make_first_frame(struct thread *thread)
{
    struct first_frame *frame =
        (struct first_frame *)(thread->stack.high - sizeof(*frame));

    memset(frame, 0, sizeof(*frame));
    frame->return_vaddr = (uint64_t)thread_begin;
    thread->rsp = (uint64_t)frame;
}

unsigned int thread_count(void)
{
    return nr_threads;
}

struct thread *thread_find(uint32_t id)
{
    struct thread *thread;

    list_for_each_entry (thread, &all_threads, all)
        if (thread->id == id)
            return thread;
    return NULL;
}

/* There are far fewer threads and processes than numbers. */
static uint32_t new_id(void)
{
    static uint32_t last = FIRST_ID - 1;

    do {
        last = last < LAST_ID ? last + 1 : FIRST_ID;
    } while (thread_find(last) != NULL || process_has_number(last));
    return last;
}

/* Interrupts are disabled. False: no stack, or there are too many. */
static bool start(struct thread *thread)
{
    if (nr_threads >= THREADS_MAX)
        return false;
    thread->stack = stack_alloc();
    if (thread->stack.low == thread->stack.high)
        return false;
    make_first_frame(thread);
    thread->id = new_id();
    list_add_last(&all_threads, &thread->all);
    nr_threads++;
    thread->state = THREAD_BLOCKED;
    sched_wake(thread);
    return true;
}

struct thread *thread_create(const char *name, thread_function_t *function,
                             void *argument)
{
    struct thread *thread = kzalloc(sizeof(*thread));
    bool irq_on;

    if (thread == NULL)
        return NULL;
    (void)string_copy(thread->name, sizeof(thread->name), name);
    thread->function = function;
    thread->argument = argument;
    list_init(&thread->node);
    list_init(&thread->sleeper);
    irq_on = privops_irq_save();
    if (!start(thread)) {
        kfree(thread);
        thread = NULL;
    }
    privops_irq_restore(irq_on);
    return thread;
}

_Noreturn void thread_exit(void)
{
    privops_irq_disable();
    dead = current;
    sched_block(THREAD_DEAD, UINT64_MAX);
    panic("a dead thread ran");
}

void thread_switch(struct thread *next)
{
    struct thread *previous = current;

    user_switch(next);
    current = next;
    switch_stack(&previous->rsp, next->rsp);
    bury_dead();
}

void thread_idle_begin(void)
{
    lender = current;
    current = &idle_thread;
}

void thread_idle_end(struct thread *self)
{
    lender = NULL;
    current = self;
}

uint64_t thread_cpu_ns(const struct thread *thread)
{
    if (thread != current)
        return thread->cpu_ns;
    return thread->cpu_ns + privops_clock_ns() - thread->since_ns;
}

bool thread_snapshot(unsigned int n, struct thread *out)
{
    bool irq_on = privops_irq_save(), found = false;
    struct thread *thread;

    list_for_each_entry (thread, &all_threads, all) {
        if (n-- > 0)
            continue;
        *out = *thread;
        out->cpu_ns = thread_cpu_ns(thread);
        found = true;
        break;
    }
    privops_irq_restore(irq_on);
    return found;
}

/* SPDX-License-Identifier: MIT
 *
 * Threads' records. A thread cannot free the stack it stands on: it leaves
 * itself in `dead`, and whoever is switched to frees it.
 */
#include "guest-kernel/proc/thread.h"

#include "guest-kernel/core/panic.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/proc/sched.h"
#include "guest-kernel/proc/stack.h"
#include "guest-kernel/proc/user.h"
#include "lib/string.h"

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
static struct thread *dead;
static uint32_t next_id = 1;

struct thread *thread_current(void)
{
    return current;
}

void thread_init(struct privops_stack boot_stack)
{
    idle_thread.stack = boot_stack;
    idle_thread.since_ns = privops_clock_ns();
    list_add_last(&all_threads, &idle_thread.all);
    stack_init(boot_stack);
}

static void bury_dead(void)
{
    if (dead == NULL)
        return;
    stack_free(dead->stack);
    list_remove(&dead->all);
    kfree(dead);
    dead = NULL;
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
    irq_on = privops_irq_save();
    thread->stack = stack_alloc();
    if (thread->stack.low != thread->stack.high) {
        make_first_frame(thread);
        thread->id = next_id++;
        list_add_last(&all_threads, &thread->all);
        sched_wake(thread);
    } else {
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
    sched_block(THREAD_DEAD);
    panic("a dead thread ran");
}

void thread_switch(struct thread *next)
{
    struct thread *previous = current;

    user_switch(next->process);
    current = next;
    switch_stack(&previous->rsp, next->rsp);
    bury_dead();
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

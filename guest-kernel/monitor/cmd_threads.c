/* SPDX-License-Identifier: MIT
 *
 * Commands about threads and time.
 */
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/monitor/commands.h"
#include "guest-kernel/thread/sched.h"
#include "guest-kernel/thread/thread.h"
#include "guest-kernel/thread/wait.h"
#include "lib/printf.h"

#define NS_PER_MS 1000000ul
#define NS_PER_SECOND 1000000000ul
#define MAX_SPINNERS 8

/* Filled in by the thread itself when it ends. */
struct spinner {
    uint64_t deadline_ns;
    uint64_t cpu_ns;
    uint64_t nr_switches;
};

static unsigned int nr_spinning;
static struct wait_queue spinners_done = WAIT_QUEUE_INIT(spinners_done);

void cmd_threads(unsigned int nr_args, char **args)
{
    static const char *const states[] = {
        [THREAD_RUNNING] = "running",
        [THREAD_READY] = "ready",
        [THREAD_BLOCKED] = "blocked",
        [THREAD_DEAD] = "dead",
    };
    struct thread thread;
    unsigned int i;

    (void)nr_args;
    (void)args;
    kprintf("  %3s  %-15s  %-8s  %10s  %8s\n", "ID", "NAME", "STATE", "CPU ms",
            "SWITCHES");
    for (i = 0; thread_snapshot(i, &thread); i++)
        kprintf("  %3u  %-15s  %-8s  %10lu  %8lu\n", thread.id, thread.name,
                states[thread.state], thread.cpu_ns / NS_PER_MS,
                thread.nr_switches);
}

void cmd_sleep(unsigned int nr_args, char **args)
{
    uint64_t ns;

    (void)nr_args;
    if (command_seconds(args[1], 3600, &ns))
        sched_sleep(ns);
}

static void spin(void *argument)
{
    struct spinner *self = argument;

    while (privops_clock_ns() < self->deadline_ns)
        ;
    privops_irq_disable();
    self->cpu_ns = thread_cpu_ns(thread_current());
    self->nr_switches = thread_current()->nr_switches;
    if (--nr_spinning == 0)
        wait_queue_wake_all(&spinners_done);
    privops_irq_enable();
}

/* Returns how many threads could be started: none runs before all exist. */
static unsigned int start_spinners(struct spinner *spinners, unsigned int count,
                                   uint64_t deadline_ns)
{
    char name[THREAD_NAME_SIZE];

    privops_irq_disable();
    for (nr_spinning = 0; nr_spinning < count; nr_spinning++) {
        spinners[nr_spinning].deadline_ns = deadline_ns;
        (void)string_format(name, sizeof(name), "spin%u", nr_spinning);
        if (thread_create(name, spin, &spinners[nr_spinning]) == NULL)
            break;
    }
    count = nr_spinning;
    privops_irq_enable();
    return count;
}

void cmd_spin(unsigned int nr_args, char **args)
{
    struct spinner spinners[MAX_SPINNERS];
    uint64_t count = 3, ns = NS_PER_SECOND;
    unsigned int i;

    if (nr_args > 1 && !command_number(args[1], MAX_SPINNERS, &count))
        return;
    if (nr_args > 2 && !command_seconds(args[2], 60, &ns))
        return;
    count =
        start_spinners(spinners, (unsigned int)count, privops_clock_ns() + ns);
    wait_event(&spinners_done, nr_spinning == 0);
    kprintf("  %-15s  %10s  %8s\n", "NAME", "CPU ms", "SWITCHES");
    for (i = 0; i < count; i++)
        kprintf("  spin%-11u  %10lu  %8lu\n", i, spinners[i].cpu_ns / NS_PER_MS,
                spinners[i].nr_switches);
}

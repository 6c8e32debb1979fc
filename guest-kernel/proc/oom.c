/* SPDX-License-Identifier: MIT
 *
 * Which process ends when memory has run out. Many small processes are one
 * large job: of all groups the one with the most pages, those in pipes and the
 * like too, and in it the process with the most; process 1 only if it is alone.
 * Only one at a time: it takes a while until the memory of one that was killed
 * is there.
 */
#include "guest-kernel/proc/oom.h"

#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/proc/files.h"
#include "guest-kernel/proc/process.h"
#include "guest-kernel/proc/signal.h"
#include "guest-kernel/thread/sched.h"

#define KIB_PER_PAGE (PAGE_SIZE / 1024)

static bool is_ending(const struct process *process)
{
    return process->is_exiting ||
           (process->pending.set & signal_bit(SIGKILL)) != 0;
}

static uint64_t nr_pages_of(const struct process *process)
{
    struct space_statistics statistics;
    uint64_t nr = 0;

    space_get_statistics(process->space, &statistics);
    if (process->files != NULL)
        nr = files_memory(process->files) / PAGE_SIZE;
    return nr + statistics.nr_pages;
}

/* False: one is about to end. */
static bool count_all(void)
{
    struct process *process;

    for_each_process (process) {
        process->oom_pages = 0;
        if (process->space == NULL)
            continue;
        if (is_ending(process))
            return false;
        process->oom_pages = nr_pages_of(process);
    }
    return true;
}

static uint64_t nr_pages_of_group(uint32_t pgid)
{
    const struct process *process;
    uint64_t nr = 0;

    for_each_process (process)
        if (process->pgid == pgid)
            nr += process->oom_pages;
    return nr;
}

/* After count_all(). */
static struct process *choose(void)
{
    struct process *process, *found = process_current();
    uint64_t group, most = 0;

    for_each_process (process) {
        if (process->pid == 1 || process->space == NULL)
            continue;
        group = nr_pages_of_group(process->pgid);
        if (group < most ||
            (group == most && process->oom_pages < found->oom_pages))
            continue;
        found = process;
        most = group;
    }
    return found;
}

void oom_kill(void)
{
    struct process *victim = count_all() ? choose() : NULL;

    if (victim != NULL) {
        kprintf("guest: out of memory: %s (process %u) killed, it had %lu "
                "KiB\n",
                victim->name, victim->pid, victim->oom_pages * KIB_PER_PAGE);
        if (victim->pid == 1)
            process_exit(STATUS_KILLED(SIGKILL));
        signal_send(victim, SIGKILL, NULL);
    }
    if (victim != process_current())
        sched_yield();
}

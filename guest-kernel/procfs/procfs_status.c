/* SPDX-License-Identifier: MIT
 *
 * The figures of a process or of one of its threads, in the three forms that
 * proc(5) has for them: stat, statm and status. What this kernel does not count
 * (faults, time in the kernel) is 0.
 */
#include "guest-kernel/fs/inode.h"
#include "guest-kernel/mm/space.h"
#include "guest-kernel/proc/files.h"
#include "guest-kernel/proc/process.h"
#include "guest-kernel/procfs/procfs_parts.h"
#include "guest-kernel/procfs/procfs_text.h"
#include "guest-kernel/tty/tty.h"
#include "lib/macros.h"
#include "lib/string.h"

#define NS_PER_TICK 10000000ul /* of the times in /proc: 100 a second */
#define PAGE_SIZE 4096ul
#define KIB_PER_PAGE 4ul

/* What differs between a process and one of its threads. */
struct facts {
    uint32_t id;
    char name[THREAD_NAME_SIZE];
    char state; /* as ps(1) shows it */
    uint64_t cpu_ns;
    uint64_t nr_switches;
    signal_set_t pending; /* of the thread */
    signal_set_t blocked;
};

static bool is_ready(const struct thread *thread)
{
    return thread->state == THREAD_RUNNING || thread->state == THREAD_READY;
}

static void add_thread(struct facts *facts, const struct thread_user *user)
{
    const struct thread *thread = user->thread;

    facts->nr_switches += thread->nr_switches;
    if (is_ready(thread))
        facts->state = 'R';
    else if (facts->state == '?')
        facts->state = thread->interruptible ? 'S' : 'D';
    facts->pending |= user->signals.pending.set;
    facts->blocked |= user->signals.blocked;
}

static void set_thread(struct facts *facts, const struct thread *thread)
{
    bool irq_on = privops_irq_save();

    facts->id = thread->id;
    facts->cpu_ns = thread_cpu_ns(thread);
    memcpy(facts->name, thread->name, sizeof(facts->name));
    privops_irq_restore(irq_on);
}

/* number 0: all threads, of which one that can run tells the state. */
static void get_facts(const struct procfs_subject *subject, struct facts *facts)
{
    const struct process *process = subject->process;
    const struct thread_user *user;

    *facts = (struct facts){.id = process->pid, .state = '?'};
    (void)string_copy(facts->name, sizeof(facts->name), process->name);
    facts->cpu_ns = process_cpu_ns(process);
    list_for_each_entry (user, &process->threads, sibling) {
        if (subject->number != 0 && user->thread->id != subject->number)
            continue;
        add_thread(facts, user);
        if (subject->number != 0)
            set_thread(facts, user->thread);
    }
    if (process->state == PROCESS_STOPPED)
        facts->state = 'T';
    if (process->state == PROCESS_ENDED)
        facts->state = 'Z';
}

/* Pages. */
struct memory {
    uint64_t size;
    uint64_t resident;
};

static struct memory get_memory(const struct process *process)
{
    struct space_statistics statistics = {.nr_pages = 0};

    if (process->space != NULL)
        space_get_statistics(process->space, &statistics);
    return (struct memory){.size = statistics.nr_area_pages,
                           .resident = statistics.nr_pages};
}

struct handled {
    signal_set_t ignored;
    signal_set_t caught;
};

static struct handled get_handled(const struct process *process)
{
    struct handled handled = {.ignored = 0};
    unsigned int number;

    for (number = 1; number <= NR_SIGNALS; number++) {
        uint64_t handler = process->actions[number - 1].handler;

        if (handler == SIG_IGN)
            handled.ignored |= signal_bit(number);
        else if (handler != SIG_DFL)
            handled.caught |= signal_bit(number);
    }
    return handled;
}

static uint32_t parent_pid(const struct process *process)
{
    return process->parent != NULL ? process->parent->pid : 0;
}

/* ---- stat: the fields by their numbers in proc(5) ---- */

static void put_family(struct text *text, const struct process *process)
{
    bool has_tty = process->tty != NULL;
    int foreground = has_tty ? (int)tty_foreground(process->tty) : -1;

    /* 4 ppid, pgrp, session, tty_nr, tpgid, 9 flags */
    text_print(text, " %u %u %u %lu %d 0", parent_pid(process), process->pgid,
               process->sid, has_tty ? TTY_DEVICE_CONSOLE : 0ul, foreground);
}

static void put_times(struct text *text, const struct process *process,
                      const struct facts *facts)
{
    /* 10 minflt, cminflt, majflt, cmajflt, 14 utime, stime, cutime, cstime */
    text_print(text, " 0 0 0 0 %lu 0 %lu 0", facts->cpu_ns / NS_PER_TICK,
               process->children_ns / NS_PER_TICK);
    /* 18 priority, nice, num_threads, itrealvalue, 22 starttime */
    text_print(text, " %d %d %u 0 %lu", 20 + process->nice, process->nice,
               process->nr_threads, process->start_ns / NS_PER_TICK);
}

static void put_memory(struct text *text, const struct process *process)
{
    struct memory memory = get_memory(process);

    /* 23 vsize, rss, rsslim, startcode, endcode, startstack, kstkesp,
     * 30 kstkeip */
    text_print(text, " %lu %lu %lu 0 0 %lu 0 0", memory.size * PAGE_SIZE,
               memory.resident, UINT64_MAX, process->args_start);
}

static void put_signals(struct text *text, const struct process *process,
                        const struct facts *facts)
{
    struct handled handled = get_handled(process);

    /* 31 signal, blocked, sigignore, 34 sigcatch: numbers below 32 */
    text_print(text, " %lu %lu %lu %lu",
               (process->pending.set | facts->pending) & INT32_MAX,
               facts->blocked & INT32_MAX, handled.ignored & INT32_MAX,
               handled.caught & INT32_MAX);
    /* 35 wchan, nswap, cnswap, 38 exit_signal, processor, rt_priority, policy,
     * delayacct_blkio_ticks, guest_time, 44 cguest_time */
    text_print(text, " 0 0 0 %u 0 0 0 0 0 0", process->exit_signal);
}

void procfs_show_stat(struct text *text, const struct procfs_subject *subject)
{
    const struct process *process = subject->process;
    struct facts facts;

    get_facts(subject, &facts);
    text_print(text, "%u (%s) %c", facts.id, facts.name, facts.state);
    put_family(text, process);
    put_times(text, process, &facts);
    put_memory(text, process);
    put_signals(text, process, &facts);
    /* 45 start_data, end_data, start_brk, arg_start, arg_end, env_start,
     * env_end, 52 exit_code */
    text_print(text, " 0 0 %lu %lu %lu %lu %lu %u\n", process->heap_start,
               process->args_start, process->args_end, process->args_end,
               process->environment_end,
               process->state == PROCESS_ENDED ? process->status : 0);
}

/* ---- statm and status ---- */

void procfs_show_statm(struct text *text, const struct procfs_subject *subject)
{
    struct memory memory = get_memory(subject->process);

    /* size, resident, shared, text, lib, data, dt */
    text_print(text, "%lu %lu 0 0 0 %lu 0\n", memory.size, memory.resident,
               memory.size);
}

static const char *state_name(char state)
{
    switch (state) {
    case 'R':
        return "running";
    case 'S':
        return "sleeping";
    case 'T':
        return "stopped";
    case 'Z':
        return "zombie";
    default:
        return "disk sleep";
    }
}

void procfs_show_status(struct text *text, const struct procfs_subject *subject)
{
    const struct process *process = subject->process;
    struct memory memory = get_memory(process);
    struct handled handled = get_handled(process);
    struct facts facts;

    get_facts(subject, &facts);
    text_print(text, "Name:\t%s\nUmask:\t%04o\nState:\t%c (%s)\n", facts.name,
               process->umask, facts.state, state_name(facts.state));
    text_print(text, "Tgid:\t%u\nPid:\t%u\nPPid:\t%u\nTracerPid:\t0\n",
               process->pid, facts.id, parent_pid(process));
    text_print(text, "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nFDSize:\t%u\n",
               FILES_MAX);
    if (process->space != NULL)
        text_print(text, "VmSize:\t%8lu kB\nVmRSS:\t%8lu kB\n",
                   memory.size * KIB_PER_PAGE, memory.resident * KIB_PER_PAGE);
    text_print(text, "Threads:\t%u\n", process->nr_threads);
    text_print(text,
               "SigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\n"
               "SigIgn:\t%016lx\nSigCgt:\t%016lx\n",
               facts.pending, process->pending.set, facts.blocked,
               handled.ignored, handled.caught);
    text_print(text, "Cpus_allowed:\t1\nCpus_allowed_list:\t0\n");
    text_print(text, "voluntary_ctxt_switches:\t%lu\n", facts.nr_switches);
}

void procfs_show_comm(struct text *text, const struct procfs_subject *subject)
{
    struct facts facts;

    get_facts(subject, &facts);
    text_print(text, "%s\n", facts.name);
}

/* SPDX-License-Identifier: MIT
 *
 * Sets of signals that wait, and what is known of each number. No processes.
 */
#include "guest-kernel/proc/signal_set.h"

#include "guest-kernel/mm/slab.h"
#include "lib/macros.h"
#include "lib/string.h"

#define SIGNALS_OF_FAULTS                                                      \
    (signal_bit(SIGSEGV) | signal_bit(SIGBUS) | signal_bit(SIGILL) |           \
     signal_bit(SIGTRAP) | signal_bit(SIGFPE) | signal_bit(SIGSYS))
#define SIGNALS_IGNORED                                                        \
    (signal_bit(SIGCHLD) | signal_bit(SIGCONT) | signal_bit(SIGURG) |          \
     signal_bit(SIGWINCH))

enum signal_default signal_default(unsigned int number)
{
    if (SIGNALS_STOP & signal_bit(number))
        return SIGNAL_STOPS;
    if (SIGNALS_IGNORED & signal_bit(number))
        return SIGNAL_IGNORED;
    return SIGNAL_ENDS;
}

const char *signal_name(unsigned int number)
{
    static const char *const names[] = {
        "no signal", "SIGHUP",  "SIGINT",    "SIGQUIT", "SIGILL",    "SIGTRAP",
        "SIGABRT",   "SIGBUS",  "SIGFPE",    "SIGKILL", "SIGUSR1",   "SIGSEGV",
        "SIGUSR2",   "SIGPIPE", "SIGALRM",   "SIGTERM", "SIGSTKFLT", "SIGCHLD",
        "SIGCONT",   "SIGSTOP", "SIGTSTP",   "SIGTTIN", "SIGTTOU",   "SIGURG",
        "SIGXCPU",   "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH",  "SIGIO",
        "SIGPWR",    "SIGSYS",
    };

    return number < ARRAY_SIZE(names) ? names[number] : "a real-time signal";
}

void signal_pending_add(struct signal_pending *pending, unsigned int number,
                        const struct signal_info *info)
{
    struct signal_info *copy;

    if (pending->set & signal_bit(number))
        return;
    pending->set |= signal_bit(number);
    if (info == NULL)
        return;
    /* Without memory the signal comes all the same. */
    copy = kmalloc(sizeof(*copy));
    if (copy != NULL)
        *copy = *info;
    pending->info[number - 1] = copy;
}

static void drop_record(struct signal_pending *pending, unsigned int number)
{
    kfree(pending->info[number - 1]);
    pending->info[number - 1] = NULL;
    pending->set &= ~signal_bit(number);
}

unsigned int signal_pending_take(struct signal_pending *pending,
                                 signal_set_t wanted, struct signal_info *info)
{
    signal_set_t set = pending->set & wanted;
    unsigned int number;

    if (set == 0)
        return 0;
    if (set & SIGNALS_OF_FAULTS)
        set &= SIGNALS_OF_FAULTS;
    number = (unsigned int)__builtin_ctzl(set) + 1;
    memset(info, 0, sizeof(*info));
    info->code = SI_KERNEL;
    if (pending->info[number - 1] != NULL)
        *info = *pending->info[number - 1];
    info->number = (int32_t)number;
    drop_record(pending, number);
    return number;
}

void signal_pending_drop(struct signal_pending *pending, signal_set_t set)
{
    while ((set &= pending->set) != 0)
        drop_record(pending, (unsigned int)__builtin_ctzl(set) + 1);
}

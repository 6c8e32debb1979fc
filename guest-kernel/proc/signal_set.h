/* SPDX-License-Identifier: MIT
 *
 * Signals: their numbers, sets and what is kept of them for a thread and for a
 * process (signal(7)). What is done with it: proc/signal.h.
 */
#ifndef GUEST_KERNEL_PROC_SIGNAL_SET_H
#define GUEST_KERNEL_PROC_SIGNAL_SET_H

#include <stdbool.h>
#include <stdint.h>

/* By Linux's numbers. */
enum {
    SIGHUP = 1,
    SIGINT = 2,
    SIGQUIT = 3,
    SIGILL = 4,
    SIGTRAP = 5,
    SIGABRT = 6,
    SIGBUS = 7,
    SIGFPE = 8,
    SIGKILL = 9,
    SIGUSR1 = 10,
    SIGSEGV = 11,
    SIGUSR2 = 12,
    SIGPIPE = 13,
    SIGALRM = 14,
    SIGTERM = 15,
    SIGSTKFLT = 16,
    SIGCHLD = 17,
    SIGCONT = 18,
    SIGSTOP = 19,
    SIGTSTP = 20,
    SIGTTIN = 21,
    SIGTTOU = 22,
    SIGURG = 23,
    SIGXCPU = 24,
    SIGXFSZ = 25,
    SIGVTALRM = 26,
    SIGPROF = 27,
    SIGWINCH = 28,
    SIGIO = 29,
    SIGPWR = 30,
    SIGSYS = 31,
    NR_SIGNALS = 64,
};

/* Bit n - 1 is signal n: as Linux has them in user memory. */
typedef uint64_t signal_set_t;

static inline signal_set_t signal_bit(unsigned int number)
{
    return 1ul << (number - 1);
}

/* What nothing holds up, and what stops a process. */
#define SIGNALS_UNBLOCKABLE (signal_bit(SIGKILL) | signal_bit(SIGSTOP))
#define SIGNALS_STOP                                                           \
    (signal_bit(SIGSTOP) | signal_bit(SIGTSTP) | signal_bit(SIGTTIN) |         \
     signal_bit(SIGTTOU))

/* What happens to a process without a handler. No core is ever dumped. */
enum signal_default {
    SIGNAL_ENDS,
    SIGNAL_STOPS,
    SIGNAL_IGNORED, /* SIGCONT too: it has had its effect when it was sent */
};
enum signal_default signal_default(unsigned int number);

/* "SIGSEGV", for messages. */
const char *signal_name(unsigned int number);

/* Where a signal came from: Linux's siginfo_t (sigaction(2)), 128 bytes. */
struct signal_info {
    int32_t number;
    int32_t error;
    int32_t code; /* SI_USER and so on */
    int32_t pad;
    union {
        struct {
            uint32_t pid;
            uint32_t uid;
            uint32_t status; /* SIGCHLD; sigqueue(3)'s value begins here */
            uint32_t value_high;
            uint64_t user_time;
            uint64_t system_time;
            /* So that an initializer leaves no byte of the union out, which
             * would be the stack's before: all go to user mode. */
            uint8_t reserved[80];
        };
        uint64_t vaddr; /* of a fault */
        uint8_t room[112];
    };
};

_Static_assert(sizeof(struct signal_info) == 128, "the layout is Linux's");

/* si_code */
enum {
    SI_USER = 0,
    SI_KERNEL = 128,
    SI_QUEUE = -1,
    SI_TIMER = -2,
    SI_TKILL = -6,
    CLD_EXITED = 1,
    CLD_KILLED = 2,
    CLD_DUMPED = 3,
    CLD_STOPPED = 5,
    CLD_CONTINUED = 6,
    SEGV_MAPERR = 1,
    SEGV_ACCERR = 2,
    FPE_INTDIV = 1,
    ILL_ILLOPN = 2,
    TRAP_BRKPT = 1,
    BUS_ADRALN = 1,
    BUS_ADRERR = 2,
};

/*
 * Signals that wait to be taken: each number once, with the first one's
 * origin, which is all that POSIX asks for and less than Linux queues. A
 * pending signal without a record came from the kernel.
 */
struct signal_pending {
    signal_set_t set;
    struct signal_info *info[NR_SIGNALS]; /* by number - 1; kfree() */
};

/* One more; nothing if it is there already. info NULL: from the kernel.
 * Interrupts are disabled, here and below, if handlers send to it. */
void signal_pending_add(struct signal_pending *pending, unsigned int number,
                        const struct signal_info *info);

/* Takes out one of the wanted, faults first, then by number: a program's own
 * faults belong to the instruction it is at. 0: there is none. */
unsigned int signal_pending_take(struct signal_pending *pending,
                                 signal_set_t wanted, struct signal_info *info);

/* These are no longer pending. All of them: at the end of a process. */
void signal_pending_drop(struct signal_pending *pending, signal_set_t set);

/* Of a thread. */
struct thread_signals {
    signal_set_t blocked;
    /* sigsuspend(2) and its kin: what comes back after the delivery. */
    signal_set_t saved;
    bool restore_saved;
    struct signal_pending pending; /* sent to this thread */
    /* sigaltstack(2): size 0 is none. */
    uint64_t stack_start;
    uint64_t stack_size;
    uint32_t stack_flags;
};

/* What a process does with a signal: Linux's struct sigaction for the kernel
 * (rt_sigaction(2)). */
struct signal_action {
    uint64_t handler; /* SIG_DFL, SIG_IGN or a function */
    uint64_t flags;
    uint64_t restorer;
    signal_set_t mask;
};

#define SIG_DFL 0u
#define SIG_IGN 1u

/* sigaltstack(2) */
#define SS_ONSTACK 0x1u
#define SS_DISABLE 0x2u
#define SS_AUTODISARM 0x80000000u

#define SA_NOCLDSTOP 0x1u
#define SA_NOCLDWAIT 0x2u
#define SA_SIGINFO 0x4u
#define SA_RESTORER 0x04000000u
#define SA_ONSTACK 0x08000000u
#define SA_RESTART 0x10000000u
#define SA_NODEFER 0x40000000u
#define SA_RESETHAND 0x80000000u

#endif

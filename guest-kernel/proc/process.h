/* SPDX-License-Identifier: MIT
 *
 * Processes: threads that run a program in user mode, in an address space and
 * with files, handlers and a place in the world of their own. Their birth, end,
 * and who waits for whom. The life of one:
 *
 *   process_spawn() or process_clone()   made, with its parent
 *   its first thread starts, and goes to user mode
 *   system calls, faults, signals        proc/user.c, proc/signal.c
 *   process_exit_thread() of the last    memory and files go, a record stays
 *   process_wait() of its parent         the record goes
 *
 * Children of a process that ends become children of process 1; if there is
 * none, nobody waits for them and their records go by themselves.
 */
#ifndef GUEST_KERNEL_PROC_PROCESS_H
#define GUEST_KERNEL_PROC_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "guest-kernel/mm/space.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/proc/fpu.h"
#include "guest-kernel/proc/signal_set.h"
#include "guest-kernel/thread/alarm.h"
#include "guest-kernel/thread/thread.h"
#include "guest-kernel/thread/wait.h"
#include "guest-kernel/x86/regs.h"

struct files;
struct inode;
struct tty;

enum process_state {
    PROCESS_ALIVE,
    PROCESS_STOPPED, /* by a signal: its threads wait in `resumed` */
    PROCESS_ENDED,   /* a record only */
};

/* Of getrlimit(2), by Linux's numbers. */
#define NR_LIMITS 16
#define LIMIT_STACK 3
#define LIMIT_NOFILE 7
#define LIMIT_INFINITY UINT64_MAX
struct limit {
    uint64_t soft;
    uint64_t hard;
};

/* ITIMER_REAL: when it goes off, and how often after that, 0 never. */
struct real_timer {
    struct alarm alarm;
    uint64_t interval_ns;
};

/* The part of a thread that runs a program. Its own thread's alone, but for
 * `signals`. */
struct thread_user {
    struct thread *thread;    /* whose it is */
    struct list_node sibling; /* process->threads */
    struct trap_regs *regs;   /* in the kernel: those of its user mode */
    struct trap_regs start;   /* where it goes to user mode first */
    uint64_t syscall_number;  /* of the call it is in: to start it over */

    /* While another thread has the CPU's registers (proc/user.c). */
    struct privops_bases bases;
    struct fpu_state *fpu;

    struct thread_signals signals; /* proc/signal.h */

    /* set_tid_address(2), set_robust_list(2): 0 is none. */
    uint64_t clear_tid_vaddr;
    uint64_t robust_list_vaddr;

    /*
     * When the sleep that a signal interrupted was to end, on
     * privops_clock_ns(); a call that starts over goes on with it. 0: none.
     */
    uint64_t restart_deadline_ns;

    /* It is to end without going back to user mode (exit_group, execve of a
     * sibling). A sleep that can be interrupted ends. */
    bool must_exit;
};

/* Between two sleeps the current process may look at any other (see
 * thread/thread.h); interrupt handlers look at pending signals and groups. */
struct process {
    struct list_node all; /* every process, by age */
    char name[THREAD_NAME_SIZE];
    uint32_t pid;
    enum process_state state;
    struct list_node threads; /* struct thread_user.sibling */
    unsigned int nr_threads;
    uint64_t start_ns; /* on privops_clock_ns() */
    int8_t nice;       /* setpriority(2): kept, and of no effect */

    /* Its memory; NULL once it has ended. Shared with the parent by vfork. */
    struct space *space;
    uint64_t heap_start; /* brk() moves the end */
    uint64_t heap_end;
    uint64_t args_start; /* its command line, and its environment: for /proc */
    uint64_t args_end;
    uint64_t environment_end;
    struct inode *program; /* what it runs; a reference */

    /* Its files. */
    struct files *files;  /* proc/files.h; NULL once it has ended */
    struct list_node aio; /* struct aio (proc/aio.h) */
    struct inode *cwd;    /* references */
    struct inode *root;
    uint32_t umask;

    /* Signals. */
    struct signal_action actions[NR_SIGNALS]; /* by number - 1 */
    struct signal_pending pending;
    struct wait_queue resumed;      /* threads of a stopped process */
    struct wait_queue signal_taken; /* rt_sigtimedwait(2) sleeps here */
    struct real_timer timer;

    /* Its family, group and session. */
    struct process *parent; /* NULL: nobody waits for it */
    struct list_node children;
    struct list_node sibling;
    struct wait_queue child_changed;
    uint32_t pgid;
    uint32_t sid;
    struct tty *tty;      /* controlling terminal, or NULL */
    bool has_executed;    /* execve(2) since it was made: setpgid(2) */
    uint32_t exit_signal; /* for the parent: SIGCHLD, or 0 */

    /* For wait4(2). */
    uint32_t status;  /* once it has ended, or the last stop's */
    bool report_stop; /* stopped, and not yet told to the parent */
    bool report_continue;
    bool is_exiting; /* all threads are on their way out */
    /* vfork(2): the thread that waits until this has its own memory. */
    struct wait_queue *vfork_done;

    struct limit limits[NR_LIMITS];
    uint64_t ended_threads_ns; /* CPU time of threads that are gone */
    uint64_t children_ns;      /* of children that were waited for */
    uint64_t oom_pages;        /* what it has: proc/oom.c's own */
};

/* The status of a process that has called exit(), was killed, stopped or
 * resumed (wait(2)). */
#define STATUS_EXITED(code) (((uint32_t)(code)&0xffu) << 8)
#define STATUS_KILLED(signal) ((uint32_t)(signal))
#define STATUS_STOPPED(signal) ((uint32_t)(signal) << 8 | 0x7fu)
#define STATUS_CONTINUED 0xffffu

/* The parent of what the kernel starts: init, and what the monitor runs. It
 * has no program of its own. */
struct process *process_of_monitor(void);

/* Whose thread the caller is; NULL: a thread of the kernel. */
struct process *process_current(void);

/* By number; NULL. Ended ones are found too until they are waited for. */
struct process *process_find(uint32_t pid);

/* Every process, ended ones too: for /proc and for kill(-1). */
extern struct list_node process_all;
#define for_each_process(process)                                              \
    list_for_each_entry (process, &process_all, all)

/* How many there are: for the limit, and for /proc. */
unsigned int process_count(void);

/* The CPU time of all its threads until now. */
uint64_t process_cpu_ns(const struct process *process);

/* One thread of it: the first that is left. Of one that has not ended. */
struct thread *process_first_thread(const struct process *process);

/*
 * A new process that runs the program at path, with standard input, output and
 * error on the console, in a session of its own with the console's terminal.
 * parent is process_of_monitor(), or NULL for process 1, which must not end.
 * args ends with NULL. Returns its number; or a negative error number, and in
 * *why a reason in words. Called by a thread of the kernel, or at boot.
 */
int64_t process_spawn(struct process *parent, const char *path,
                      char *const *args, const char **why);

/* clone(2) and its kin. Flags not named here are refused. */
#define CLONE_EXIT_SIGNAL 0xfful
#define CLONE_VM 0x100ul
#define CLONE_FS 0x200ul
#define CLONE_FILES 0x400ul
#define CLONE_SIGHAND 0x800ul
#define CLONE_VFORK 0x4000ul
#define CLONE_THREAD 0x10000ul
#define CLONE_SYSVSEM 0x40000ul /* there are none to share */
#define CLONE_SETTLS 0x80000ul
#define CLONE_PARENT_SETTID 0x100000ul
#define CLONE_CHILD_CLEARTID 0x200000ul
#define CLONE_DETACHED 0x400000ul /* no meaning, but musl says it */
#define CLONE_CHILD_SETTID 0x1000000ul

struct clone_request {
    uint64_t flags; /* CLONE_ flags; the low byte is the exit signal */
    uint64_t stack; /* 0: the caller's */
    uint64_t parent_tid_vaddr;
    uint64_t child_tid_vaddr;
    uint64_t tls;
};

/* A new process, or with CLONE_THREAD a new thread of the current one, in which
 * the call returns 0. Its number, or a negative error number. */
int64_t process_clone(const struct clone_request *request);

/* The end of the current thread, and with the last one of the process, with
 * this status. Interrupts are enabled. */
_Noreturn void process_exit_thread(uint32_t status);

/* The end of the current process: of all its threads. */
_Noreturn void process_exit(uint32_t status);

/* All other threads of the current process end: for execve(2). 0, or -EAGAIN
 * when another thread has begun the same. May sleep. */
int64_t process_become_single(void);

/* execve(2) has given it memory of its own, or it ended: vfork(2) goes on. */
void process_release_parent(struct process *process);

/* Options of process_wait(), those of waitid(2). */
#define WAIT_NO_HANG 1u
#define WAIT_STOPPED 2u
#define WAIT_ENDED 4u
#define WAIT_CONTINUED 8u
#define WAIT_KEEP 0x1000000u /* it may be waited for once more */

/*
 * Waits for a change of a child that options name: pid > 0 that one, -1 any, 0
 * any of the caller's group, < -1 any of group -pid. Takes the record of an
 * ended one away, and returns its number; cpu_ns, if not NULL, is what it used.
 * -ECHILD: there is no such child. -ERESTARTSYS: a signal came. With
 * WAIT_NO_HANG, 0.
 */
int64_t process_wait(struct process *parent, int64_t pid, unsigned int options,
                     uint32_t *status, uint64_t *cpu_ns);

/* The siginfo of a child with this status, as for SIGCHLD and waitid(2). */
void process_child_info(uint32_t pid, uint32_t status,
                        struct signal_info *info);

/* ---- what others provide ---- */

/* Process 1 has ended, with this status: so does the kernel, as crashed.
 * Provided by boot/main.c. */
_Noreturn void init_ended(uint32_t status);

/*
 * Of the terminal, by tty/tty.c and tty/tty_job.c. The console becomes the
 * controlling terminal of a session leader, its group the one in the
 * foreground; and the leader of the session that has a terminal ends: SIGHUP
 * and SIGCONT to the foreground group, and nobody has it any more.
 */
void tty_acquire_console(struct process *leader);
void tty_leader_ended(struct process *leader);

#endif

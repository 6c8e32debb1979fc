/* SPDX-License-Identifier: MIT
 *
 * Processes: a thread that runs a program in user mode, in an address space of
 * its own. Their birth, end, and who waits for whom. The life of one:
 *
 *   process_spawn() or process_fork()    made, with its parent
 *   a thread starts, and goes to user mode
 *   system calls, faults                 proc/user.c
 *   process_exit()                       its memory goes; a record stays
 *   process_wait() of its parent         the record goes
 *
 * A process whose parent has ended has none; nobody waits for it.
 */
#ifndef GUEST_KERNEL_PROC_PROCESS_H
#define GUEST_KERNEL_PROC_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "guest-kernel/mm/space.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/proc/thread.h"
#include "guest-kernel/proc/wait.h"
#include "guest-kernel/x86/fpu.h"
#include "guest-kernel/x86/regs.h"

/* Nobody else looks at the fields of a process but those about its family,
 * which disabled interrupts protect. */
struct process {
    char name[THREAD_NAME_SIZE];
    uint32_t pid;
    struct thread *thread;
    struct space *space;
    struct trap_regs *regs; /* in the kernel: those of its user mode */

    /* While another process has the CPU's registers (proc/user.c). */
    struct privops_bases bases;
    struct fpu_state *fpu;

    /* The heap, which brk() moves the end of. */
    uint64_t heap_start;
    uint64_t heap_end;
    uint64_t blocked_signals; /* remembered for it: there are none */

    /* Its family. */
    struct process *parent; /* NULL: nobody waits for it */
    struct list_node children;
    struct list_node sibling;
    struct wait_queue child_ended;
    bool ended;
    uint32_t status;        /* as wait4() gives it */
    struct trap_regs start; /* where its thread goes to user mode first */
};

/* The status of a process that has called exit(), or was killed (wait(2)). */
#define STATUS_EXITED(code) (((uint32_t)(code)&0xffu) << 8)
#define STATUS_KILLED(signal) ((uint32_t)(signal))

/* The parent of what the monitor starts: no program of its own. */
struct process *process_of_monitor(void);

/* Whose thread the caller is; NULL: a thread of the kernel. */
struct process *process_current(void);

/*
 * A new process that runs the program of the RAM disk at path. Returns its
 * number; or a negative error number, and in *why a reason in words.
 */
int64_t process_spawn(struct process *parent, const char *path,
                      unsigned int nr_args, char *const *args,
                      const char **why);

/* A copy of the current process, in which the call returns 0. Its number, or
 * -ENOMEM or -EAGAIN (no stack is left). */
int64_t process_fork(void);

/* The end of the current process. Interrupts are enabled. */
_Noreturn void process_exit(uint32_t status);

/*
 * Waits for the end of the child with this number, of any if it is -1, takes
 * its record away and returns its number. -ECHILD: there is no such child. If
 * hang is not set and none has ended, 0.
 */
int64_t process_wait(struct process *parent, int64_t pid, bool hang,
                     uint32_t *status);

#endif

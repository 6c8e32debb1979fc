/* SPDX-License-Identifier: MIT
 *
 * Threads: their records, birth and end. thread/sched.c says who runs. A thread
 * of a process has a second life in user mode (proc/process.h); the others
 * are the kernel's own.
 *
 * The kernel is not preempted: a thread of a process that is in the kernel
 * keeps the CPU until it sleeps, and what it sees and changes between two
 * sleeps needs no lock. Interrupt handlers do come in between: data that they
 * touch too is protected by disabled interrupts. The kernel's own threads are
 * preempted wherever interrupts are enabled, and touch no process's data but
 * with interrupts disabled.
 */
#ifndef GUEST_KERNEL_THREAD_THREAD_H
#define GUEST_KERNEL_THREAD_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "guest-kernel/privops/privops.h"
#include "lib/list.h"

struct process;
struct space;
struct thread_user;

enum thread_state {
    THREAD_RUNNING,
    THREAD_READY,   /* in the run queue */
    THREAD_BLOCKED, /* until sched_wake(), or until wake_ns */
    THREAD_DEAD,    /* off its stack, or about to be */
};

#define THREAD_NAME_SIZE 16

/* Threads that there can be; and processes, with those that have ended. */
#define THREADS_MAX 512u

typedef void thread_function_t(void *argument);

/* All fields are protected by disabled interrupts unless said otherwise. */
struct thread {
    struct list_node node;    /* run queue or wait queue; else by itself */
    struct list_node sleeper; /* in the list of sleepers, while it has a
                               * time to wake at; else by itself */
    struct list_node all;     /* every thread */
    uint64_t rsp;             /* while it does not run */
    struct privops_stack stack;
    enum thread_state state;
    bool interruptible;       /* while it is blocked: a signal wakes it */
    bool timed_out;           /* the last sleep ended because of wake_ns */
    struct process *process;  /* whose program it runs; NULL: none */
    struct thread_user *user; /* proc/process.h; NULL: a thread of the kernel */
    /* Of a process's: on the way to user mode there is something to do first: a
     * signal, the end of the slice or of the process. Set by anybody, cleared
     * by proc/user.c. */
    bool work;
    struct space *last_space; /* goes with a dead one; or NULL */
    uint32_t id; /* of a process's first thread: the process's, too */
    char name[THREAD_NAME_SIZE];
    thread_function_t *function;
    void *argument;
    uint64_t wake_ns;     /* while sleeper is in the list */
    uint64_t cpu_ns;      /* until it was last switched out */
    uint64_t nr_switches; /* how often it was given the CPU */
    uint64_t since_ns;    /* of the running one: when it was given the CPU */
};

/* The caller becomes thread 0, "idle", on the given stack. */
void thread_init(struct privops_stack boot_stack);

/* Never NULL: before thread_init() it is a thread without a stack. */
struct thread *thread_current(void);

/*
 * A new thread that calls function(argument), interrupts enabled, and ends
 * when that returns. The result stays valid until the thread ends; NULL when
 * there is no memory or no stack left, or there are THREADS_MAX. The name is
 * cut if it is long. It does not run before the caller sleeps, or enables
 * interrupts if it is a thread of the kernel.
 */
struct thread *thread_create(const char *name, thread_function_t *function,
                             void *argument);
_Noreturn void thread_exit(void);

/* How many there are, with the idle one. */
unsigned int thread_count(void);

/* By number; NULL. Interrupts are disabled, or the kernel is not preempted. */
struct thread *thread_find(uint32_t id);

/* Time on the CPU until now. Interrupts are disabled. */
uint64_t thread_cpu_ns(const struct thread *thread);

/* A copy of the n-th thread by age, its cpu_ns up to date; false past the
 * last. */
bool thread_snapshot(unsigned int n, struct thread *out);

/* The scheduler's: makes next current and switches to its stack. */
void thread_switch(struct thread *next);

/* The scheduler's, too: between the two the current thread is thread 0, on the
 * stack of self, which is the current one before and after. */
void thread_idle_begin(void);
void thread_idle_end(struct thread *self);

/* ---- what processes provide (proc/user.c, proc/process.c) ---- */

/* next runs from now on. If it is a thread of a process, its registers and its
 * space are to be in the CPU; else all stays as it is. Interrupts are
 * disabled. */
void user_switch(struct thread *next);

/* Whether it is some process's number, or its group's or session's. */
bool process_has_number(uint32_t number);

#endif

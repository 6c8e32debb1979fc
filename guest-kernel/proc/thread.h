/* SPDX-License-Identifier: MIT
 *
 * Kernel threads: their records, birth and end. proc/sched.c says who runs.
 */
#ifndef GUEST_KERNEL_PROC_THREAD_H
#define GUEST_KERNEL_PROC_THREAD_H

#include <stdint.h>

#include "guest-kernel/privops/privops.h"
#include "lib/list.h"

struct process;

enum thread_state {
    THREAD_RUNNING,
    THREAD_READY,    /* in the run queue */
    THREAD_BLOCKED,  /* in a wait queue */
    THREAD_SLEEPING, /* in the list of sleepers */
    THREAD_DEAD,     /* off its stack, or about to be */
};

#define THREAD_NAME_SIZE 16

typedef void thread_function_t(void *argument);

/* All fields are protected by disabled interrupts. */
struct thread {
    struct list_node node; /* run queue, wait queue or sleepers: see state */
    struct list_node all;  /* every thread */
    uint64_t rsp;          /* while it does not run */
    struct privops_stack stack;
    enum thread_state state;
    struct process *process; /* whose program it runs; NULL: none */
    uint32_t id;
    char name[THREAD_NAME_SIZE];
    thread_function_t *function;
    void *argument;
    uint64_t wake_ns;     /* while sleeping */
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
 * there is no memory or no stack left. The name is cut if it is long.
 */
struct thread *thread_create(const char *name, thread_function_t *function,
                             void *argument);
_Noreturn void thread_exit(void);

/* Time on the CPU until now. Interrupts are disabled. */
uint64_t thread_cpu_ns(const struct thread *thread);

/* A copy of the n-th thread by age, its cpu_ns up to date; false past the
 * last. */
bool thread_snapshot(unsigned int n, struct thread *out);

/* The scheduler's: makes next current and switches to its stack. */
void thread_switch(struct thread *next);

#endif

/* SPDX-License-Identifier: MIT
 *
 * How threads end: cancelled, with their process, by fork and by exec of one
 * of them.
 */
#include "user/posix/posix.h"
#include "user/posix/threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NR_THREADS 4

/* In a child: what cannot be done ends it with a status that nobody expects. */
static pthread_t start(void *(*function)(void *argument), void *argument)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, function, argument) != 0)
        _exit(99);
    return thread;
}

/* ---- pthread_cancel ---- */

static volatile int nr_cleaned;

static void clean(void *argument)
{
    nr_cleaned += *(int *)argument;
}

static void *read_forever(void *argument)
{
    static int one = 1;
    char byte;

    pthread_cleanup_push(clean, &one);
    if (read(*(int *)argument, &byte, 1) >= 0)
        nr_cleaned = 100;
    pthread_cleanup_pop(0);
    return NULL;
}

static void *spin_forever(void *argument)
{
    (void)argument;
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    for (volatile bool go = true; go;)
        ;
    return NULL;
}

static void check_cancel(pthread_t thread, const char *what)
{
    void *result = NULL;

    sleep_ms(20); /* it gets to where it is to be found */
    check_is(pthread_cancel(thread), 0, what);
    check_is(pthread_join(thread, &result), 0, what);
    check(result == PTHREAD_CANCELED, "%s: it returned %p", what, result);
}

static void test_cancel(void)
{
    int ends[2] = {-1, -1};

    check_is(pipe(ends), 0, "pipe");
    nr_cleaned = 0;
    check_cancel(start(read_forever, &ends[0]), "cancel of a read");
    check_is(nr_cleaned, 1, "what a cancelled thread cleaned up");
    check_cancel(start(spin_forever, NULL), "cancel of a loop");
    close(ends[0]);
    close(ends[1]);
}

/* ---- the end of the process ---- */

static void *sleep_forever(void *argument)
{
    (void)argument;
    while (pause() < 0)
        ;
    return NULL;
}

static void start_some(void)
{
    int i;

    for (i = 0; i < NR_THREADS; i++)
        start(i % 2 == 0 ? sleep_forever : spin_forever, NULL);
    sleep_ms(20);
}

static void exit_among_threads(void *argument)
{
    (void)argument;
    start_some();
    exit(7);
}

static void *exit_in_thread(void *argument)
{
    (void)argument;
    sleep_ms(20);
    exit(8);
}

static void exit_from_thread(void *argument)
{
    (void)argument;
    start_some();
    start(exit_in_thread, NULL);
    sleep_forever(NULL);
}

/* The process goes on without its first thread. That one ends by the call
 * itself: musl's pthread_exit() in a forked child may leave a lock behind. */
static void end_first_thread(void *argument)
{
    (void)argument;
    start(exit_in_thread, NULL);
    syscall(SYS_exit, 0);
}

static void *end_by_call(void *argument)
{
    (void)argument;
    sleep_ms(20);
    syscall(SYS_exit, 0);
    return NULL;
}

/* It ends with its last thread. */
static void end_all_threads(void *argument)
{
    start(end_by_call, argument);
    syscall(SYS_exit, 0);
}

static void die_among_threads(void *argument)
{
    start_some();
    *(volatile int *)argument = 1;
}

/* ---- fork and exec ---- */

static void *square(void *argument)
{
    uintptr_t n = (uintptr_t)argument;

    return (void *)(n * n);
}

/* The child has the thread that forked, alone, and can make new ones. */
static void *fork_in_thread(void *argument)
{
    void *result = NULL;
    int status = 0;
    pid_t pid = fork();

    (void)argument;
    if (pid == 0) {
        pthread_join(start(square, (void *)6), &result);
        _exit((int)(uintptr_t)result);
    }
    waitpid(pid, &status, 0);
    return (void *)(uintptr_t)(unsigned int)status;
}

static void fork_among_threads(void *argument)
{
    void *status = NULL;

    (void)argument;
    start_some();
    pthread_join(start(fork_in_thread, NULL), &status);
    _exit(WEXITSTATUS((int)(uintptr_t)status));
}

/* The number of the process stays, whichever thread it was. */
static void *exec_in_thread(void *argument)
{
    char command[64];

    (void)argument;
    snprintf(command, sizeof(command), "[ $$ = %d ] && exit 9", getpid());
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(98);
}

static void exec_from_thread(void *argument)
{
    (void)argument;
    start_some();
    start(exec_in_thread, NULL);
    sleep_forever(NULL);
}

static void exec_among_threads(void *argument)
{
    start_some();
    exec_in_thread(argument);
}

void test_thread_ends(void)
{
    test_cancel();
    check_exits(exit_among_threads, NULL, 7, "exit() with running threads");
    check_exits(exit_from_thread, NULL, 8, "exit() of a second thread");
    check_exits(end_first_thread, NULL, 8, "the end of the first thread");
    check_exits(end_all_threads, NULL, 0,
                "the end of one thread after another");
    check_killed(die_among_threads, NULL, 11, "a fault among threads");
    check_exits(fork_among_threads, NULL, 36, "fork() of a thread");
    check_exits(exec_from_thread, NULL, 9, "execve() of a second thread");
    check_exits(exec_among_threads, NULL, 9, "execve() with running threads");
}

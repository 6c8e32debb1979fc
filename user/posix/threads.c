/* SPDX-License-Identifier: MIT
 *
 * Threads as the C library makes them out of clone(2): that they run, each with
 * what is its own. The rest of the group is in thread_*.c.
 */
#include "user/posix/threads.h"
#include "user/posix/posix.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NR_THREADS MAX_THREADS

static pthread_t threads[MAX_THREADS];

void start_all(unsigned int nr, void *(*function)(void *argument))
{
    uintptr_t i;
    int error;

    for (i = 0; i < nr; i++) {
        error = pthread_create(&threads[i], NULL, function, (void *)i);
        if (error != 0) {
            printf("posix: no thread %lu: error %d\n", i, error);
            exit(2);
        }
    }
}

uintptr_t join_all(unsigned int nr)
{
    uintptr_t sum = 0;
    unsigned int i;
    void *result;

    for (i = 0; i < nr; i++) {
        check_is(pthread_join(threads[i], &result), 0, "pthread_join");
        sum += (uintptr_t)result;
    }
    return sum;
}

/* ---- that they run ---- */

static pid_t tids[NR_THREADS], pids[NR_THREADS];
static _Thread_local uintptr_t of_thread = 1000;

static void *square(void *argument)
{
    uintptr_t n = (uintptr_t)argument;
    unsigned int i;

    tids[n] = (pid_t)syscall(SYS_gettid);
    pids[n] = getpid();
    of_thread += n;
    for (i = 0; i < 10; i++)
        sched_yield();
    return (void *)((of_thread - 1000) * n);
}

static void test_create(void)
{
    unsigned int i, j, nr_same = 0, nr_foreign = 0;

    start_all(NR_THREADS, square);
    check_is((long)join_all(NR_THREADS), 1240, "the sum of 16 squares");
    for (i = 0; i < NR_THREADS; i++) {
        nr_foreign += pids[i] != getpid();
        for (j = 0; j < i; j++)
            nr_same += tids[i] == tids[j];
    }
    check(nr_same == 0, "two threads had the same number");
    check(nr_foreign == 0, "a thread had another process number");
    check(of_thread == 1000, "a thread-local variable was not local");
}

static pthread_key_t key;
static atomic_uint nr_destroyed;

static void destroy(void *value)
{
    nr_destroyed += *(unsigned int *)value;
}

static void *use_key(void *argument)
{
    static unsigned int one = 1;

    (void)argument;
    pthread_setspecific(key, &one);
    return pthread_getspecific(key) == &one ? NULL : (void *)1;
}

static void test_keys(void)
{
    nr_destroyed = 0;
    check_is(pthread_key_create(&key, destroy), 0, "pthread_key_create");
    start_all(NR_THREADS, use_key);
    check_is((long)join_all(NR_THREADS), 0, "threads without their value");
    check_is(nr_destroyed, NR_THREADS, "values that were destroyed");
    pthread_key_delete(key);
}

static sem_t detached_ends;

static void *end_detached(void *argument)
{
    sem_post(argument);
    return NULL;
}

/* One after the other, so that stacks and numbers come back. */
static void test_detached(void)
{
    pthread_attr_t attributes;
    unsigned int i, nr = 0;
    pthread_t thread;

    sem_init(&detached_ends, 0, 0);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    for (i = 0; i < 100; i++) {
        if (pthread_create(&thread, &attributes, end_detached,
                           &detached_ends) != 0)
            break;
        nr += sem_wait(&detached_ends) == 0;
    }
    check_is(nr, 100, "detached threads that came to their end");
}

void test_threads(void)
{
    test_create();
    test_keys();
    test_detached();
    test_thread_waits();
    test_thread_ends();
    test_thread_registers();
}

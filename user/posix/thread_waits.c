/* SPDX-License-Identifier: MIT
 *
 * How threads wait for each other, and processes for processes: what the C
 * library makes out of futex(2), and that call itself.
 */
#include "user/posix/posix.h"
#include "user/posix/threads.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NR_THREADS MAX_THREADS

/* futex(2); musl has no header for it. */
#define FUTEX_WAIT 0
#define FUTEX_WAKE 1

/* ---- in one process ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static volatile unsigned long counter;

static void *count(void *argument)
{
    unsigned int i;
    unsigned long seen;

    (void)argument;
    for (i = 0; i < 500; i++) {
        pthread_mutex_lock(&mutex);
        seen = counter;
        if (i % 16 == 0)
            sched_yield(); /* so that others find it locked */
        counter = seen + 1;
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void test_mutex(void)
{
    counter = 0;
    start_all(NR_THREADS, count);
    join_all(NR_THREADS);
    check_is((long)counter, 500 * NR_THREADS, "counted under a mutex");
}

enum { NR_SLOTS = 4, NR_ITEMS = 1000, NR_CONSUMERS = 3 };
static unsigned int nr_in_queue, queue[NR_SLOTS];

static void put_item(unsigned int item)
{
    pthread_mutex_lock(&mutex);
    while (nr_in_queue == NR_SLOTS)
        pthread_cond_wait(&changed, &mutex);
    queue[nr_in_queue++] = item;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

/* Until a 0 comes. */
static void *consume(void *argument)
{
    uintptr_t sum = 0;
    unsigned int item;

    (void)argument;
    do {
        pthread_mutex_lock(&mutex);
        while (nr_in_queue == 0)
            pthread_cond_wait(&changed, &mutex);
        item = queue[0];
        nr_in_queue--;
        for (unsigned int i = 0; i < nr_in_queue; i++)
            queue[i] = queue[i + 1];
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&mutex);
        sum += item;
    } while (item != 0);
    return (void *)sum;
}

static void test_condition(void)
{
    unsigned int i;

    start_all(NR_CONSUMERS, consume);
    for (i = 1; i <= NR_ITEMS; i++)
        put_item(i);
    for (i = 0; i < NR_CONSUMERS; i++)
        put_item(0);
    check_is((long)join_all(NR_CONSUMERS), NR_ITEMS * (NR_ITEMS + 1) / 2,
             "what came through a queue");
}

enum { NR_ROUNDS = 20 };
static pthread_barrier_t barrier;
static atomic_uint nr_arrived;

/* Returns how often it was the one that is told, and adds 1000 for a round
 * that began before all were there. */
static void *go_rounds(void *argument)
{
    uintptr_t nr_told = 0;
    unsigned int round;

    (void)argument;
    for (round = 1; round <= NR_ROUNDS; round++) {
        nr_arrived++;
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            nr_told++;
        if (nr_arrived < round * NR_THREADS)
            nr_told += 1000;
        pthread_barrier_wait(&barrier);
    }
    return (void *)nr_told;
}

static void test_barrier(void)
{
    nr_arrived = 0;
    pthread_barrier_init(&barrier, NULL, NR_THREADS);
    start_all(NR_THREADS, go_rounds);
    check_is((long)join_all(NR_THREADS), NR_ROUNDS, "rounds of a barrier");
    pthread_barrier_destroy(&barrier);
}

/* ---- futex(2) itself ---- */

static struct timespec after_ms(clockid_t clock, long ms)
{
    struct timespec time;

    clock_gettime(clock, &time);
    time.tv_nsec += ms * 1000000;
    time.tv_sec += time.tv_nsec / 1000000000;
    time.tv_nsec %= 1000000000;
    return time;
}

static void test_futex(void)
{
    sem_t never;
    struct timespec short_time = {0, 30000000}, then;
    static uint32_t word = 5;
    long start = now_ms(), took;

    check_error(syscall(SYS_futex, &word, FUTEX_WAIT, 5, &short_time),
                ETIMEDOUT, "FUTEX_WAIT for 30 ms");
    took = now_ms() - start;
    check(took >= 29, "FUTEX_WAIT for 30 ms took %ld", took);
    check_error(syscall(SYS_futex, &word, FUTEX_WAIT, 6, NULL), EAGAIN,
                "FUTEX_WAIT for another value");
    check_error(syscall(SYS_futex, NULL, FUTEX_WAIT, 0, NULL), EFAULT,
                "FUTEX_WAIT at address 0");
    check_error(syscall(SYS_futex, (char *)&word + 1, FUTEX_WAIT, 0, NULL),
                EINVAL, "FUTEX_WAIT at an odd address");
    check_is(syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX), 0,
             "FUTEX_WAKE of nobody");

    then = after_ms(CLOCK_REALTIME, 20);
    pthread_mutex_lock(&mutex);
    check_is(pthread_cond_timedwait(&changed, &mutex, &then), ETIMEDOUT,
             "pthread_cond_timedwait");
    pthread_mutex_unlock(&mutex);
    then = after_ms(CLOCK_REALTIME, 20);
    sem_init(&never, 0, 0);
    check_error(sem_timedwait(&never, &then), ETIMEDOUT, "sem_timedwait");
}

/* ---- semaphores that processes share ---- */

struct table {
    sem_t ping;
    sem_t pong;
    unsigned int nr;
};

static void play(void *argument)
{
    struct table *table = argument;
    unsigned int i;

    for (i = 0; i < 200; i++) {
        if (sem_wait(&table->ping) != 0)
            _exit(1);
        table->nr++;
        sem_post(&table->pong);
    }
}

static void test_shared(void)
{
    struct table *table = new_shared_pages(PAGE_SIZE);
    unsigned int i;
    int status = 0;
    pid_t pid;

    sem_init(&table->ping, 1, 0);
    sem_init(&table->pong, 1, 0);
    pid = fork();
    if (pid == 0) {
        play(table);
        _exit(0);
    }
    for (i = 0; pid > 0 && i < 200; i++) {
        sem_post(&table->ping);
        sem_wait(&table->pong);
    }
    check(waitpid(pid, &status, 0) == pid && status == 0,
          "a child at a shared semaphore: status %#x", (unsigned int)status);
    check_is(table->nr, 200, "posts between two processes");
}

void test_thread_waits(void)
{
    test_mutex();
    test_condition();
    test_barrier();
    test_futex();
    test_shared();
}

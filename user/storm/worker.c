/* SPDX-License-Identifier: MIT
 *
 * A worker: its threads, its signals, and which step is next.
 */
#include "user/storm/storm.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#define NR_THREADS 4 /* of each worker */
#define TIMER_US 4000

/* How often each step is taken, of 188 times; the last one gets the rest. */
static const struct {
    void (*function)(void);
    unsigned int weight;
} steps[] = {
    {step_descriptors, 12}, {step_read_write, 28}, {step_contents, 24},
    {step_pipes, 8},        {step_polling, 20},    {step_open, 28},
    {step_names, 32},       {step_proc, 8},        {step_child, 1},
    {step_thread, 1},       {step_signals, 8},     {step_futexes, 8},
    {step_map, 8},
};
#define NR_STEPS (sizeof(steps) / sizeof(steps[0]))
#define TOTAL_WEIGHT 188

_Thread_local char buffer[BUFFER_SIZE];

/* ---- random numbers ---- */

static _Thread_local uint64_t random_state;

void seed_random(uint64_t seed)
{
    random_state = (seed + 1) * 0x9e3779b97f4a7c15u;
}

uint32_t random_bits(void)
{
    /* xorshift64 (Marsaglia, 2003) */
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 16);
}

uint16_t below(uint32_t limit)
{
    return (uint16_t)(random_bits() % limit);
}

bool once_in(uint32_t times)
{
    return below(times) == 0;
}

/* ---- the worker ---- */

static void take_step(void)
{
    unsigned int i = 0, at = below(TOTAL_WEIGHT);

    while (i < NR_STEPS - 1 && at >= steps[i].weight)
        at -= steps[i++].weight;
    steps[i].function();
}

static void *take_steps(void *seed)
{
    seed_random((uintptr_t)seed);
    for (;;) {
        take_step();
        __atomic_fetch_add(&shared->nr_steps, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

static pthread_t threads[NR_THREADS];

static void interrupt(int number)
{
    (void)number;
}

/* The timer's signal is the process's; this lets no thread wait for ever. */
static void interrupt_next(int number)
{
    static unsigned int next;

    (void)number;
    (void)pthread_kill(threads[next++ % NR_THREADS], SIGUSR1);
}

static void handle(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};

    (void)sigaction(number, &action, NULL);
}

void worker_expect_signals(void)
{
    handle(SIGUSR1, interrupt);
}

static void handle_signals(void)
{
    handle(SIGSEGV, handle_fault);
    handle(SIGBUS, handle_fault);
    handle(SIGALRM, interrupt_next);
    handle(SIGPIPE, SIG_IGN);
}

static void start_threads(uintptr_t seed)
{
    unsigned int i;

    threads[0] = pthread_self();
    for (i = 1; i < NR_THREADS; i++)
        if (pthread_create(&threads[i], NULL, take_steps,
                           (void *)(seed * NR_THREADS + i)) != 0)
            threads[i] = threads[0];
}

_Noreturn void worker_run(uintptr_t seed)
{
    const struct itimerval timer = {{0, TIMER_US}, {0, TIMER_US}};
    int null = open("/dev/null", O_RDWR), i;

    for (i = 0; i <= STDERR_FILENO; i++)
        (void)dup2(null, i);
    (void)close(null);
    handle_signals();
    start_threads(seed);
    (void)setitimer(ITIMER_REAL, &timer, NULL);
    (void)take_steps((void *)(seed * NR_THREADS));
    _exit(1); /* not reached */
}

/* SPDX-License-Identifier: MIT
 *
 * The threads of the domains of env_host.h, their bells and their clock. A lock
 * of its own, under which the one of env_host.c may be taken.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "abi/errors.h"
#include "tests/unit/env_host.h"

#define NR_THREADS 8

struct env_bell {
    bool rung;
    pthread_cond_t heard;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_t threads[NR_THREADS];
static unsigned int nr_threads;

static void take(void)
{
    pthread_mutex_lock(&lock);
}

static void give(void)
{
    pthread_mutex_unlock(&lock);
}

/* ---- threads ---- */

struct start {
    uint32_t domain;
    void (*run)(void *context);
    void *context;
};

static void *run_thread(void *argument)
{
    struct start start = *(struct start *)argument;

    free(argument);
    env_host_be(start.domain);
    start.run(start.context);
    return NULL;
}

int env_thread_start(const char *name, void (*run)(void *context),
                     void *context)
{
    struct start *start = malloc(sizeof(*start));
    int result = -PARAPET_ENOMEM;

    (void)name;
    *start = (struct start){env_host_is(), run, context};
    take();
    if (nr_threads < NR_THREADS && !env_host_refuses() &&
        pthread_create(&threads[nr_threads], NULL, run_thread, start) == 0) {
        nr_threads++;
        result = 0;
    }
    give();
    if (result)
        free(start);
    return result;
}

void env_host_join(void)
{
    for (;;) {
        pthread_t last;
        bool none;

        take();
        none = nr_threads == 0;
        if (!none)
            last = threads[--nr_threads];
        give();
        if (none)
            return;
        pthread_join(last, NULL);
    }
}

/* ---- bells ---- */

struct env_bell *env_bell_make(void)
{
    struct env_bell *bell = malloc(sizeof(*bell));
    pthread_condattr_t monotonic;

    bell->rung = false;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&bell->heard, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return bell;
}

void env_bell_free(struct env_bell *bell)
{
    pthread_cond_destroy(&bell->heard);
    free(bell);
}

void env_bell_ring(struct env_bell *bell)
{
    take();
    bell->rung = true;
    pthread_cond_signal(&bell->heard);
    give();
}

bool env_bell_wait(struct env_bell *bell, uint64_t deadline_ns)
{
    const struct timespec until = {(time_t)(deadline_ns / 1000000000),
                                   (long)(deadline_ns % 1000000000)};
    int error = 0;
    bool rung;

    take();
    while (!bell->rung && error != ETIMEDOUT)
        error = deadline_ns == ENV_FOREVER
                    ? pthread_cond_wait(&bell->heard, &lock)
                    : pthread_cond_timedwait(&bell->heard, &lock, &until);
    rung = bell->rung;
    bell->rung = false;
    give();
    return rung;
}

/* ---- the time ---- */

uint64_t env_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

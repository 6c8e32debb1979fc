/* SPDX-License-Identifier: MIT
 *
 * See two_ends.h.
 */
#include "tests/unit/two_ends.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool pending[2];
static bool idle[2]; /* asleep, or it has left */

void two_ends_begin(void)
{
    for (int end = 0; end < 2; end++)
        pending[end] = idle[end] = false;
}

void two_ends_send(int to)
{
    (void)pthread_mutex_lock(&lock);
    pending[to] = true;
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
}

/* Who was sent something will not stay idle, unless it has left. */
static bool hopeless(int end)
{
    return !pending[end] && idle[1 - end] && !pending[1 - end];
}

bool two_ends_sleep(int end)
{
    bool woken;

    (void)pthread_mutex_lock(&lock);
    idle[end] = true;
    (void)pthread_cond_broadcast(&changed);
    while (!pending[end] && !hopeless(end))
        (void)pthread_cond_wait(&changed, &lock);
    woken = pending[end];
    pending[end] = false;
    if (woken)
        idle[end] = false;
    (void)pthread_mutex_unlock(&lock);
    return woken;
}

void two_ends_leave(int end)
{
    (void)pthread_mutex_lock(&lock);
    idle[end] = true;
    pending[end] = false;
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
}

/* SPDX-License-Identifier: MIT
 *
 * Time: clocks, sleeping, and the time slices that nobody can keep.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/tour/tour.h"

#define NS_PER_MS 1000000l
#define NS_PER_SECOND 1000000000l
/* 2024-01-01, and a time that no machine's clock should have yet. */
#define EARLIEST 1704067200
#define LATEST 4102444800

static int64_t now(clockid_t clock)
{
    struct timespec time;

    if (clock_gettime(clock, &time) != 0)
        return -1;
    return time.tv_sec * NS_PER_SECOND + time.tv_nsec;
}

static void clocks(void)
{
    int64_t last = now(CLOCK_MONOTONIC), next;
    time_t seconds = time(NULL);
    bool forward = last > 0;
    unsigned int i;

    for (i = 0; i < 1000; i++) {
        next = now(CLOCK_MONOTONIC);
        forward &= next >= last;
        last = next;
    }
    check(forward, "the clock only goes forward");
    check(seconds > EARLIEST && seconds < LATEST, "the date is plausible");
    check(now(77) == -1 && errno == EINVAL, "there is no clock 77");
}

static void sleeping(void)
{
    const struct timespec bad = {0, NS_PER_SECOND};
    struct timespec time = {0, 20 * NS_PER_MS};
    int64_t before = now(CLOCK_MONOTONIC);

    check(nanosleep(&time, NULL) == 0 &&
              now(CLOCK_MONOTONIC) - before >= 20 * NS_PER_MS,
          "sleeping takes its time");
    check(nanosleep(&bad, NULL) == -1 && errno == EINVAL,
          "a second of 1,000,000,000 ns is refused");
    clock_gettime(CLOCK_MONOTONIC, &time);
    check(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == 0,
          "sleeping until a time that has passed");
}

/* No system call in it: only an interrupt can take the CPU away. Ends by
 * itself, after a while, in case none comes. */
static void spin(void)
{
    uint64_t left = 100000000;

    __asm__ volatile("1: dec %0; jnz 1b" : "+r"(left) : : "cc");
}

static void preemption(void)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        spin();
        _exit(0);
    }
    (void)usleep(1000);
    check(waitpid(pid, &status, WNOHANG) == 0,
          "a child that never gives up the CPU loses it all the same");
    check(waitpid(pid, &status, 0) == pid && status == 0, "and gets it back");
}

void stop_clock(void)
{
    clocks();
    sleeping();
    preemption();
}

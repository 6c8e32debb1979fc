/* SPDX-License-Identifier: MIT
 *
 * Signals, second part: what they do to calls that wait, alarms, and processes
 * that are stopped and continued.
 */
#include "user/posix/signals.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- calls that wait ---- */

/* A child that signals after 20 ms and writes a byte after 60. */
static pid_t signal_and_write(int fd)
{
    pid_t target = getpid(), pid = fork();

    if (pid == 0) {
        sleep_ms(20);
        kill(target, SIGUSR1);
        sleep_ms(40);
        _exit(write(fd, "x", 1) == 1 ? 0 : 1);
    }
    return pid;
}

static void test_restart(void)
{
    char byte = 0;
    int fds[2];
    pid_t pid;

    check_is(pipe(fds), 0, "pipe");
    set_handler(SIGUSR1, count_signal, SA_RESTART);
    pid = signal_and_write(fds[1]);
    check_is(read(fds[0], &byte, 1), 1, "read, SA_RESTART");
    check(nr_handled == 1 && byte == 'x', "read went on after the handler");
    waitpid(pid, NULL, 0);
    set_handler(SIGUSR1, count_signal, 0);
    pid = signal_and_write(fds[1]);
    check_error(read(fds[0], &byte, 1), EINTR, "read without SA_RESTART");
    check_is(nr_handled, 1, "its handler");
    check_is(read(fds[0], &byte, 1), 1, "read again");
    waitpid(pid, NULL, 0);
    set_handler(SIGUSR1, SIG_IGN, 0);
    pid = signal_and_write(fds[1]);
    check_is(read(fds[0], &byte, 1), 1, "read and an ignored signal");
    waitpid(pid, NULL, 0);
    close(fds[0]);
    close(fds[1]);
    set_handler(SIGUSR1, SIG_DFL, 0);
}

static void test_wait_restart(void)
{
    int status = 0;
    pid_t pid;

    set_handler(SIGUSR1, count_signal, SA_RESTART);
    pid = send_later(SIGUSR1, 20);
    check_is(waitpid(pid, &status, 0), pid, "waitpid, SA_RESTART");
    check_is(nr_handled, 1, "waitpid's handler");
    set_handler(SIGUSR1, SIG_DFL, 0);
}

/* Never started over, with SA_RESTART or without. */
static void test_never_restarted(void)
{
    struct timespec time = {5, 0}, left = {0, 0};
    struct pollfd none = {.fd = -1};
    pid_t pid;

    set_handler(SIGUSR1, count_signal, SA_RESTART);
    pid = send_later(SIGUSR1, 20);
    check_error(nanosleep(&time, &left), EINTR, "nanosleep and a handler");
    check(left.tv_sec == 4 && left.tv_nsec > 0, "nanosleep: %ld s left",
          (long)left.tv_sec);
    waitpid(pid, NULL, 0);
    pid = send_later(SIGUSR1, 20);
    check_error(poll(&none, 1, 5000), EINTR, "poll and a handler");
    waitpid(pid, NULL, 0);
    check_is(nr_handled, 2, "handlers");
    set_handler(SIGUSR1, SIG_DFL, 0);
}

/* ---- alarms ---- */

static void test_alarm(void)
{
    struct itimerval once = {.it_value = {0, 30000}}, old;
    struct itimerval often = {{0, 10000}, {0, 10000}}, off = {0};
    long start = now_ms();

    set_handler(SIGALRM, count_signal, SA_RESTART);
    check_is(setitimer(ITIMER_REAL, &once, NULL), 0, "setitimer");
    pause();
    check(nr_handled == 1 && now_ms() - start >= 29, "setitimer's signal");
    check_is(alarm(10), 0, "alarm");
    check_is(alarm(20), 10, "alarm tells what was left");
    check_is(getitimer(ITIMER_REAL, &old), 0, "getitimer");
    check(old.it_value.tv_sec == 19 && old.it_interval.tv_sec == 0,
          "getitimer says %ld s", (long)old.it_value.tv_sec);
    check_is(alarm(0), 20, "alarm off");
    set_handler(SIGALRM, count_signal, 0);
    start = now_ms();
    check_is(setitimer(ITIMER_REAL, &often, NULL), 0, "setitimer, again");
    while (nr_handled < 5 && now_ms() - start < 2000)
        pause();
    check(now_ms() - start >= 49, "five alarms in %ld ms", now_ms() - start);
    setitimer(ITIMER_REAL, &off, &old);
    check_is(old.it_interval.tv_usec, 10000, "setitimer tells the interval");
    set_handler(SIGALRM, SIG_DFL, 0);
}

/* ---- stop and continue ---- */

static int *counter;

static void count_for_ever(void *argument)
{
    (void)argument;
    for (;;) {
        (*counter)++;
        sleep_ms(1);
    }
}

static pid_t start(void (*function)(void *))
{
    pid_t pid = fork();

    if (pid == 0) {
        function(NULL);
        _exit(0);
    }
    return pid;
}

static void test_stop(void)
{
    int status = 0, before;
    pid_t pid;

    counter = new_shared_pages(PAGE_SIZE);
    set_handler(SIGCHLD, count_signal, SA_RESTART); /* or EINTR for a stop */
    pid = start(count_for_ever);
    kill(pid, SIGSTOP);
    check_is(waitpid(pid, &status, WUNTRACED), pid, "waitpid, WUNTRACED");
    check(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP,
          "status of a stopped child: %#x", (unsigned int)status);
    check_is(waitpid(pid, &status, WUNTRACED | WNOHANG), 0,
             "a stop is told once");
    check_is(nr_handled, 1, "SIGCHLD for a stop");
    before = *counter;
    kill(pid, SIGTERM); /* waits */
    sleep_ms(30);
    check_is(*counter, before, "a stopped child does not run");
    check_is(waitpid(pid, &status, WNOHANG), 0, "nor does it die");
    kill(pid, SIGCONT);
    check_is(waitpid(pid, &status, 0), pid, "waitpid");
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM,
          "continued, it dies: %#x", (unsigned int)status);
    set_handler(SIGCHLD, SIG_DFL, 0);
}

static void test_continue(void)
{
    int status = 0, before;
    pid_t pid;

    set_handler(SIGCHLD, count_signal, SA_NOCLDSTOP | SA_RESTART);
    pid = start(count_for_ever);
    kill(pid, SIGSTOP);
    waitpid(pid, &status, WUNTRACED);
    before = *counter;
    kill(pid, SIGCONT);
    check_is(waitpid(pid, &status, WCONTINUED), pid, "waitpid, WCONTINUED");
    check(WIFCONTINUED(status), "status: %#x", (unsigned int)status);
    sleep_ms(30);
    check(*counter > before, "a continued child runs");
    check_is(nr_handled, 0, "SA_NOCLDSTOP");
    kill(pid, SIGSTOP);
    waitpid(pid, &status, WUNTRACED);
    kill(pid, SIGKILL);
    check_is(waitpid(pid, &status, 0), pid, "waitpid for a killed one");
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
          "SIGKILL ends a stopped child: %#x", (unsigned int)status);
    check_is(nr_handled, 1, "SIGCHLD for an end");
    set_handler(SIGCHLD, SIG_DFL, 0);
}

/* Without a handler a sleep goes on, until the time that it was to end. */
static void test_sleep_across_stop(void)
{
    struct timespec time = {0, 80000000};
    long begin = now_ms(), took;
    int status = 0;
    pid_t pid = fork();

    if (pid == 0)
        _exit(nanosleep(&time, NULL) == 0 ? 0 : 1);
    sleep_ms(20);
    kill(pid, SIGSTOP);
    waitpid(pid, &status, WUNTRACED);
    sleep_ms(20);
    kill(pid, SIGCONT);
    check_is(waitpid(pid, &status, 0), pid, "waitpid");
    took = now_ms() - begin;
    check(status == 0 && took >= 79 && took < 1000,
          "a sleep across a stop took %ld ms, status %#x", took,
          (unsigned int)status);
}

static void stop_from_keyboard(void *argument)
{
    (void)argument;
    setsid(); /* nobody is there to continue it */
    raise(SIGTSTP);
    raise(SIGTTIN);
    _exit(9);
}

static void test_groups(void)
{
    int status = 0;
    pid_t pid;

    check_exits(stop_from_keyboard, NULL, 9, "SIGTSTP in an orphaned group");
    pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        if (fork() == 0)
            count_for_ever(NULL);
        count_for_ever(NULL);
    }
    setpgid(pid, pid);
    kill(pid, SIGTSTP);
    check_is(waitpid(-pid, &status, WUNTRACED), pid, "waitpid for a group");
    check(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP,
          "SIGTSTP stops: %#x", (unsigned int)status);
    check_is(killpg(pid, SIGKILL), 0, "killpg");
    check_is(waitpid(pid, &status, 0), pid, "waitpid");
    check_is(status, SIGKILL, "killpg reaches its leader");
    check_error(kill(-0x3ffffff, SIGTERM), ESRCH, "killpg of no group");
}

void test_signal_calls(void)
{
    test_restart();
    test_wait_restart();
    test_never_restarted();
    test_alarm();
    test_stop();
    test_continue();
    test_sleep_across_stop();
    test_groups();
}

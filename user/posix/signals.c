/* SPDX-License-Identifier: MIT
 *
 * Signals, first part: sending them, blocking them, waiting for them. What
 * they do to calls that wait is in signal_calls.c, and what handlers find in
 * signal_frames.c.
 */
#include "user/posix/signals.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

volatile sig_atomic_t nr_handled;
static siginfo_t last_info;
static sigset_t mask_in_handler;

void count_signal(int number)
{
    (void)number;
    nr_handled++;
}

static void remember(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    nr_handled++;
    last_info = *info;
    sigprocmask(SIG_SETMASK, NULL, &mask_in_handler);
}

void set_handler(int number, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

    check_is(sigaction(number, &action, NULL), 0, "sigaction");
    nr_handled = 0;
}

static void set_remember(int number, int flags)
{
    struct sigaction action = {
        .sa_sigaction = remember,
        .sa_flags = SA_SIGINFO | flags,
    };

    sigaddset(&action.sa_mask, SIGUSR2);
    check_is(sigaction(number, &action, NULL), 0, "sigaction");
    nr_handled = 0;
}

sigset_t set_of(int number)
{
    sigset_t set;

    sigemptyset(&set);
    if (number != 0)
        sigaddset(&set, number);
    return set;
}

static void block(int number)
{
    sigset_t set = set_of(number);

    sigprocmask(SIG_BLOCK, &set, NULL);
}

static void unblock(int number)
{
    sigset_t set = set_of(number);

    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* ---- handlers ---- */

static void test_handler(void)
{
    struct sigaction old;

    set_handler(SIGUSR1, count_signal, 0);
    check_is(raise(SIGUSR1), 0, "raise");
    check_is(nr_handled, 1, "a handler ran");
    check_is(kill(getpid(), SIGUSR1), 0, "kill oneself");
    check_is(nr_handled, 2, "a handler ran before kill returned");
    check_is(sigaction(SIGUSR1, NULL, &old), 0, "sigaction reads");
    check(old.sa_handler == count_signal, "sigaction tells the handler");
    set_handler(SIGUSR1, SIG_IGN, 0);
    raise(SIGUSR1);
    check_is(nr_handled, 0, "an ignored signal");
    set_handler(SIGUSR1, count_signal, (int)SA_RESETHAND);
    raise(SIGUSR1);
    sigaction(SIGUSR1, NULL, &old);
    check(nr_handled == 1 && old.sa_handler == SIG_DFL, "SA_RESETHAND");
    set_handler(SIGUSR1, SIG_DFL, 0);
}

static void test_errors(void)
{
    struct sigaction action = {.sa_handler = count_signal};

    check_error(sigaction(SIGKILL, &action, NULL), EINVAL, "catch SIGKILL");
    check_error(sigaction(SIGSTOP, &action, NULL), EINVAL, "catch SIGSTOP");
    check_error(sigaction(65, &action, NULL), EINVAL, "catch signal 65");
    check_error(kill(getpid(), 65), EINVAL, "send signal 65");
    check_error(kill(0x3fffffff, 0), ESRCH, "signal for nobody");
    check_is(kill(getpid(), 0), 0, "signal 0");
    check_error(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4ul), EINVAL,
                "a set of another size");
    check_error(syscall(SYS_rt_sigaction, SIGUSR1, 8ul, NULL, 8ul), EFAULT,
                "sigaction from a bad address");
}

static void test_info(void)
{
    union sigval value = {.sival_ptr = (void *)0x123456789abcul};

    set_remember(SIGUSR1, 0);
    kill(getpid(), SIGUSR1);
    check(last_info.si_signo == SIGUSR1 && last_info.si_code == SI_USER &&
              last_info.si_pid == getpid(),
          "siginfo of kill: code %d, pid %d", last_info.si_code,
          last_info.si_pid);
    check(sigismember(&mask_in_handler, SIGUSR1) == 1 &&
              sigismember(&mask_in_handler, SIGUSR2) == 1 &&
              sigismember(&mask_in_handler, SIGTERM) == 0,
          "what is blocked while a handler runs");
    raise(SIGUSR1);
    check_is(last_info.si_code, SI_TKILL, "siginfo of raise");
    check_is(sigqueue(getpid(), SIGUSR1, value), 0, "sigqueue");
    check(last_info.si_code == SI_QUEUE &&
              last_info.si_value.sival_ptr == value.sival_ptr,
          "sigqueue's value: %p", last_info.si_value.sival_ptr);
    set_remember(SIGUSR1, SA_NODEFER);
    raise(SIGUSR1);
    check_is(sigismember(&mask_in_handler, SIGUSR1), 0, "SA_NODEFER");
    set_handler(SIGUSR1, SIG_DFL, 0);
}

static void test_child_info(void)
{
    pid_t pid;

    set_remember(SIGCHLD, 0);
    pid = fork();
    if (pid == 0)
        _exit(5);
    waitpid(pid, NULL, 0);
    check(nr_handled == 1 && last_info.si_code == CLD_EXITED &&
              last_info.si_pid == pid && last_info.si_status == 5,
          "SIGCHLD: %d times, code %d, status %d", (int)nr_handled,
          last_info.si_code, last_info.si_status);
    set_handler(SIGCHLD, SIG_DFL, 0);
}

/* ---- blocking ---- */

static void test_blocked(void)
{
    sigset_t set;

    set_handler(SIGUSR1, count_signal, 0);
    block(SIGUSR1);
    raise(SIGUSR1);
    raise(SIGUSR1);
    check_is(nr_handled, 0, "a blocked signal");
    check_is(sigpending(&set), 0, "sigpending");
    check(sigismember(&set, SIGUSR1) == 1 && sigismember(&set, SIGUSR2) == 0,
          "what sigpending says");
    unblock(SIGUSR1);
    check_is(nr_handled, 1, "a signal that was blocked comes once");
    block(SIGUSR1);
    raise(SIGUSR1);
    set_handler(SIGUSR1, SIG_IGN, 0);
    set_handler(SIGUSR1, count_signal, 0);
    unblock(SIGUSR1);
    check_is(nr_handled, 0, "a pending signal that was ignored meanwhile");
    sigfillset(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    sigprocmask(SIG_SETMASK, NULL, &set);
    check(sigismember(&set, SIGKILL) == 0 && sigismember(&set, SIGSTOP) == 0,
          "SIGKILL and SIGSTOP cannot be blocked");
    sigemptyset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
    set_handler(SIGUSR1, SIG_DFL, 0);
}

/* ---- waiting ---- */

/* Sends the signal after a while to the process that made it. */
pid_t send_later(int number, long ms)
{
    pid_t target = getpid(), pid = fork();

    if (pid == 0) {
        sleep_ms(ms);
        kill(target, number);
        _exit(0);
    }
    return pid;
}

static void test_suspend(void)
{
    sigset_t nothing = set_of(0), set;
    pid_t pid;

    set_handler(SIGUSR1, count_signal, 0);
    block(SIGUSR1);
    raise(SIGUSR1);
    check_error(sigsuspend(&nothing), EINTR, "sigsuspend with one pending");
    check_is(nr_handled, 1, "sigsuspend lets a signal in");
    pid = send_later(SIGUSR1, 30);
    check_error(sigsuspend(&nothing), EINTR, "sigsuspend");
    check_is(nr_handled, 2, "sigsuspend waited");
    waitpid(pid, NULL, 0);
    sigprocmask(SIG_SETMASK, NULL, &set);
    check_is(sigismember(&set, SIGUSR1), 1, "sigsuspend puts the mask back");
    unblock(SIGUSR1);
    pid = send_later(SIGUSR1, 30);
    check_error(pause(), EINTR, "pause");
    check_is(nr_handled, 3, "pause waited");
    waitpid(pid, NULL, 0);
    set_handler(SIGUSR1, SIG_DFL, 0);
}

static void test_timed_wait(void)
{
    struct timespec none = {0, 0}, while_ms = {0, 30000000}, long_time = {5, 0};
    union sigval value = {.sival_int = 77};
    sigset_t set = set_of(SIGUSR1);
    long start = now_ms();
    siginfo_t info;
    pid_t pid;

    block(SIGUSR1);
    check_error(sigtimedwait(&set, &info, &none), EAGAIN, "sigtimedwait, 0 s");
    check_error(sigtimedwait(&set, &info, &while_ms), EAGAIN,
                "sigtimedwait, 30 ms");
    check(now_ms() - start >= 29, "sigtimedwait waits");
    sigqueue(getpid(), SIGUSR1, value);
    check_is(sigtimedwait(&set, &info, &none), SIGUSR1, "sigtimedwait takes");
    check(info.si_value.sival_int == 77 && info.si_signo == SIGUSR1,
          "siginfo of sigtimedwait");
    pid = send_later(SIGUSR1, 30);
    check_is(sigtimedwait(&set, &info, &long_time), SIGUSR1,
             "sigtimedwait until one comes");
    check_is(info.si_pid, pid, "si_pid of sigtimedwait");
    waitpid(pid, NULL, 0);
    set_handler(SIGUSR2, count_signal, 0);
    pid = send_later(SIGUSR2, 30);
    /* musl's function goes on. */
    check_error(syscall(SYS_rt_sigtimedwait, &set, &info, &long_time, 8ul),
                EINTR, "sigtimedwait and another signal");
    waitpid(pid, NULL, 0);
    unblock(SIGUSR1);
    set_handler(SIGUSR2, SIG_DFL, 0);
}

/* ---- threads ---- */

static volatile sig_atomic_t handled_by;

static void note_thread(int number)
{
    (void)number;
    handled_by = (sig_atomic_t)syscall(SYS_gettid);
}

static void *wait_for_signal(void *argument)
{
    volatile int *tid = argument;
    int i;

    *tid = (int)syscall(SYS_gettid);
    for (i = 0; i < 1000 && handled_by == 0; i++)
        sleep_ms(1);
    return NULL;
}

static void test_thread_signal(void)
{
    static volatile int tid;
    pthread_t thread;

    set_handler(SIGUSR1, note_thread, SA_RESTART);
    handled_by = 0;
    check_is(pthread_create(&thread, NULL, wait_for_signal, (void *)&tid), 0,
             "pthread_create");
    while (tid == 0)
        sleep_ms(1);
    check_is(pthread_kill(thread, SIGUSR1), 0, "pthread_kill");
    pthread_join(thread, NULL);
    check_is(handled_by, tid, "pthread_kill reaches its thread");
    handled_by = 0;
    tid = 0;
    block(SIGUSR1);
    pthread_create(&thread, NULL, wait_for_signal, (void *)&tid);
    while (tid == 0)
        sleep_ms(1);
    raise(SIGUSR1);
    check_is(handled_by, 0, "raise is for the thread that calls it");
    unblock(SIGUSR1);
    check_is(handled_by, getpid(), "which takes it when it can");
    pthread_join(thread, NULL);
    set_handler(SIGUSR1, SIG_DFL, 0);
}

void test_signals(void)
{
    test_handler();
    test_errors();
    test_info();
    test_child_info();
    test_blocked();
    test_suspend();
    test_timed_wait();
    test_thread_signal();
    test_signal_calls();
    test_signal_frames();
}

/* SPDX-License-Identifier: MIT
 *
 * Waiting for several files.
 */
#include "user/posix/files.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int ends[2];

/* A child that writes a byte after a while. */
static pid_t write_later(long ms)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    sleep_ms(ms);
    _exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
}

static void take(pid_t pid)
{
    char byte;
    int status;

    check_is(waitpid(pid, &status, 0), pid, "waitpid");
    check_is(status, 0, "the writer's status");
    check_is(read(ends[0], &byte, 1), 1, "the byte that was waited for");
}

static void polling(void)
{
    struct pollfd fds[] = {{ends[0], POLLIN, 0},
                           {ends[1], POLLOUT, 0},
                           {-1, POLLIN, 99},
                           {99, POLLIN, 0}};
    long start = now_ms();
    pid_t pid;

    check_is(poll(fds, 1, 50), 0, "poll until the time is over");
    check(now_ms() - start >= 50, "poll waits");
    check_is(poll(fds, 4, 0), 2, "poll");
    check_is(fds[0].revents, 0, "nothing to read");
    check_is(fds[1].revents, POLLOUT, "room to write");
    check_is(fds[2].revents, 0, "a negative descriptor");
    check_is(fds[3].revents, POLLNVAL, "no descriptor");
    pid = write_later(30);
    check_is(poll(fds, 1, -1), 1, "poll for another process");
    check_is(fds[0].revents, POLLIN, "something to read");
    take(pid);
    check_is(poll(NULL, 0, 1), 0, "poll for nothing");
}

static void selecting(void)
{
    struct timeval time = {0, 50000}, none = {0, 0};
    const unsigned int in = (unsigned int)ends[0], out = (unsigned int)ends[1];
    fd_set readable, writable;
    pid_t pid;

    FD_ZERO(&readable);
    FD_ZERO(&writable);
    FD_SET(in, &readable);
    FD_SET(out, &writable);
    check_is(select(ends[1] + 1, &readable, &writable, NULL, &none), 1,
             "select");
    check(!FD_ISSET(in, &readable) && FD_ISSET(out, &writable),
          "select says which");
    FD_SET(in, &readable);
    check_is(select(ends[0] + 1, &readable, NULL, NULL, &time), 0,
             "select until the time is over");
    check(!FD_ISSET(in, &readable), "the set is empty");
    pid = write_later(30);
    FD_SET(in, &readable);
    check_is(select(ends[0] + 1, &readable, NULL, NULL, NULL), 1,
             "select for another process");
    take(pid);
    /* Linux looks at no more descriptors than its table has room for: 64. */
    (void)close(60);
    FD_SET(60u, &readable);
    check_error(select(61, &readable, NULL, NULL, &none), EBADF,
                "select of no descriptor");
    check_error(select(-1, NULL, NULL, NULL, &none), EINVAL, "select of -1");
}

static volatile sig_atomic_t nr_alarms;

static void count_alarm(int number)
{
    (void)number;
    nr_alarms++;
}

/* A signal that is blocked but for the wait ends it, and not before. */
static void with_masks(void)
{
    struct sigaction action = {.sa_handler = count_alarm};
    struct timespec time = {5, 0};
    struct pollfd fd = {ends[0], POLLIN, 0};
    sigset_t blocked, none;

    sigaction(SIGALRM, &action, NULL);
    sigemptyset(&none);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGALRM);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    raise(SIGALRM);
    check_is(nr_alarms, 0, "a blocked signal waits");
    check_error(ppoll(&fd, 1, &time, &none), EINTR, "ppoll");
    check_is(nr_alarms, 1, "ppoll lets the signal in");
    raise(SIGALRM);
    check_error(pselect(0, NULL, NULL, NULL, &time, &none), EINTR, "pselect");
    check_is(nr_alarms, 2, "pselect lets the signal in");
    raise(SIGALRM);
    check_is(nr_alarms, 2, "it is blocked again");
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
    check_is(nr_alarms, 3, "and comes");
    signal(SIGALRM, SIG_DFL);
}

static int change(int set, int operation, int fd, unsigned int events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};

    return epoll_ctl(set, operation, fd, &event);
}

static void sets(void)
{
    int set = epoll_create1(EPOLL_CLOEXEC),
        file = open("a", O_RDWR | O_CREAT, 0644);
    struct epoll_event ready[4];
    pid_t pid;

    check_is(change(set, EPOLL_CTL_ADD, ends[0], EPOLLIN), 0, "epoll_ctl");
    check_error(change(set, EPOLL_CTL_ADD, ends[0], EPOLLIN), EEXIST,
                "EPOLL_CTL_ADD again");
    check_error(change(set, EPOLL_CTL_MOD, ends[1], 0), ENOENT,
                "EPOLL_CTL_MOD of nothing");
    check_error(change(set, EPOLL_CTL_ADD, file, EPOLLIN), EPERM,
                "EPOLL_CTL_ADD of a regular file");
    check_error(change(set, EPOLL_CTL_ADD, set, EPOLLIN), EINVAL,
                "EPOLL_CTL_ADD of the set itself");
    check_error(change(file, EPOLL_CTL_ADD, ends[0], 0), EINVAL,
                "epoll_ctl of no set");
    check_is(epoll_wait(set, ready, 4, 10), 0, "epoll_wait");
    pid = write_later(30);
    check_is(epoll_wait(set, ready, 4, -1), 1,
             "epoll_wait for another process");
    check(ready[0].events == EPOLLIN && ready[0].data.fd == ends[0],
          "epoll_wait says which");
    check_is(epoll_wait(set, ready, 4, 0), 1, "level-triggered: again");
    check_is(events_now(set, POLLIN), POLLIN, "a set can be polled");
    take(pid);
    check_is(epoll_wait(set, ready, 4, 0), 0, "epoll_wait after the read");
    check_is(change(set, EPOLL_CTL_ADD, ends[1], EPOLLOUT | EPOLLONESHOT), 0,
             "EPOLLONESHOT");
    check_is(epoll_wait(set, ready, 4, 0), 1, "once");
    check_is(epoll_wait(set, ready, 4, 0), 0, "and not again");
    check_is(change(set, EPOLL_CTL_MOD, ends[1], EPOLLOUT), 0, "EPOLL_CTL_MOD");
    check_is(epoll_wait(set, ready, 4, 0), 1, "until it is changed");
    check_is(change(set, EPOLL_CTL_DEL, ends[1], 0), 0, "EPOLL_CTL_DEL");
    check_is(epoll_wait(set, ready, 4, 0), 0, "or removed");
    check_error(epoll_wait(set, ready, 0, 0), EINVAL, "epoll_wait for none");
    close(set);
    close(file);
    unlink("a");
}

/* A set is its descriptor's alone, and descriptors have 32 bits. */
static void strange_sets(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    int set = epoll_create1(0);
    char name[32];

    snprintf(name, sizeof(name), "/proc/self/fd/%d", set);
    check_error(open(name, O_RDWR), ENXIO, "open of a set");
    check_is(change(set, EPOLL_CTL_ADD, ends[0], EPOLLIN), 0, "epoll_ctl");
    check_error(syscall(SYS_epoll_ctl, set, EPOLL_CTL_ADD,
                        (long)ends[0] | 1l << 32, &event),
                EEXIST, "EPOLL_CTL_ADD with high bits");
    close(set);
}

/* A closed descriptor is in the set no more. */
static void closed_in_set(void)
{
    int set = epoll_create1(0), other[2];
    struct epoll_event ready[4];

    pipe(other);
    write(other[1], "x", 1);
    check_is(change(set, EPOLL_CTL_ADD, other[0], EPOLLIN), 0, "epoll_ctl");
    check_is(epoll_wait(set, ready, 4, 0), 1, "epoll_wait");
    close(other[0]);
    close(other[1]);
    check_is(epoll_wait(set, ready, 4, 0), 0, "epoll_wait after close");
    pipe(other);
    check_is(change(set, EPOLL_CTL_ADD, other[0], EPOLLIN), 0,
             "the same number for another file");
    close(other[0]);
    close(other[1]);
    close(set);
}

void test_polling(void)
{
    check_is(pipe(ends), 0, "pipe");
    polling();
    selecting();
    with_masks();
    sets();
    strange_sets();
    closed_in_set();
    close(ends[0]);
    close(ends[1]);
}

/* SPDX-License-Identifier: MIT
 *
 * Processes: their birth and end, who waits for whom, groups and sessions,
 * limits.
 */
#include "user/posix/posix.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define NR_CHILDREN 20

/* ---- birth and end ---- */

static void exit_with(void *argument)
{
    _exit(*(int *)argument);
}

static void kill_itself(void *argument)
{
    raise(*(int *)argument);
}

static void test_statuses(void)
{
    static const int codes[] = {0, 1, 77, 255};
    static const int signals[] = {SIGKILL, SIGTERM, SIGABRT, SIGUSR1, SIGALRM};
    int code = 0x1234, signal;
    size_t i;

    for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        code = codes[i];
        check_exits(exit_with, &code, code, "exit");
    }
    code = 0x1234;
    check_exits(exit_with, &code, 0x34, "exit takes the low byte");
    for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        signal = signals[i];
        check_killed(kill_itself, &signal, signal, "a signal's default");
    }
}

static void test_fork(void)
{
    volatile int own = 1;
    int *shared = new_shared_pages(PAGE_SIZE), status;
    pid_t parent = getpid(), pid = fork();

    if (pid == 0) {
        own = 2;
        shared[0] = getppid() == parent;
        shared[1] = getpid();
        shared[2] = (int)syscall(SYS_gettid);
        _exit(0);
    }
    check(pid > 0 && pid != parent, "fork returned %d", pid);
    check_is(waitpid(pid, &status, 0), pid, "waitpid");
    check(own == 1, "the child wrote to its parent's variable");
    check(shared[0] == 1, "getppid in the child");
    check(shared[1] == pid && shared[2] == pid, "getpid is %d, gettid %d",
          shared[1], shared[2]);
    check_error(waitpid(pid, NULL, 0), ECHILD, "waitpid a second time");
    check_error(kill(pid, 0), ESRCH, "kill of one that is gone");
}

static void test_many_children(void)
{
    pid_t pids[NR_CHILDREN];
    int i, status, sum = 0;

    for (i = 0; i < NR_CHILDREN; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            _exit(i + 1);
    }
    for (i = NR_CHILDREN - 1; i >= 0; i -= 2)
        if (waitpid(pids[i], &status, 0) == pids[i])
            sum += WEXITSTATUS(status);
    while (wait(&status) > 0)
        sum += WEXITSTATUS(status);
    check_is(errno, ECHILD, "wait without children");
    check_is(sum, NR_CHILDREN * (NR_CHILDREN + 1) / 2, "sum of the statuses");
}

static void test_vfork(void)
{
    /* Of the parent and, until it runs a program or ends, the child. */
    volatile int *shared = new_pages(PAGE_SIZE);
    int status = 0;
    pid_t pid = vfork();

    if (pid == 0) {
        *shared = 42;
        _exit(3);
    }
    check(*shared == 42, "after vfork the parent went on first");
    check_is(waitpid(pid, &status, 0), pid, "waitpid after vfork");
    check_is(WEXITSTATUS(status), 3, "the status after vfork");
    pid = vfork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", "exit 4", NULL);
        _exit(127);
    }
    check_is(waitpid(pid, &status, 0), pid, "waitpid after vfork and execve");
    check_is(WEXITSTATUS(status), 4, "the status after vfork and execve");
}

static void test_wait_options(void)
{
    struct rusage usage;
    siginfo_t info;
    int status, ends[2];
    pid_t pid;
    char byte;

    check_is(pipe(ends), 0, "pipe");
    pid = fork();
    if (pid == 0) {
        close(ends[1]);
        _exit(read(ends[0], &byte, 1) == 0 ? 9 : 1);
    }
    check_is(waitpid(pid, &status, WNOHANG), 0, "WNOHANG while it runs");
    check_is(waitpid(-getpgrp(), &status, WNOHANG), 0, "WNOHANG by group");
    check_error(waitpid(-99999, &status, 0), ECHILD, "an unknown group");
    check_error(waitpid(pid, &status, 0x40), EINVAL, "an unknown option");
    close(ends[1]);
    memset(&info, 0, sizeof(info));
    check_is(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0,
             "waitid WNOWAIT");
    check(info.si_pid == pid && info.si_code == CLD_EXITED &&
              info.si_status == 9 && info.si_signo == SIGCHLD,
          "waitid: pid %d, code %d, status %d", info.si_pid, info.si_code,
          info.si_status);
    check_is(wait4(pid, &status, 0, &usage), pid, "wait4");
    check_is(WEXITSTATUS(status), 9, "the status of wait4");
    check(usage.ru_utime.tv_sec < 60 && usage.ru_maxrss >= 0,
          "the usage of wait4");
    close(ends[0]);
}

static void test_stop(void)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        raise(SIGSTOP);
        _exit(5);
    }
    check_is(waitpid(pid, &status, WUNTRACED), pid, "WUNTRACED");
    check(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP, "status %#x",
          (unsigned int)status);
    check_is(waitpid(pid, &status, WUNTRACED | WNOHANG), 0,
             "a stop is told once");
    check_is(kill(pid, SIGCONT), 0, "SIGCONT");
    check_is(waitpid(pid, &status, WCONTINUED), pid, "WCONTINUED");
    check(WIFCONTINUED(status) || WIFEXITED(status), "status %#x",
          (unsigned int)status);
    if (!WIFEXITED(status))
        check_is(waitpid(pid, &status, 0), pid, "waitpid after a stop");
    check_is(WEXITSTATUS(status), 5, "the status after a stop");
}

/* Their new parent is process 1 (or, on some systems, another reaper). */
static void test_orphans(void)
{
    int ends[2], middle_status;
    pid_t told[2] = {0, 0}, middle;

    check_is(pipe(ends), 0, "pipe");
    middle = fork();
    if (middle == 0) {
        pid_t parent = getpid();

        if (fork() == 0) {
            while (getppid() == parent)
                sleep_ms(1);
            told[0] = getppid();
            told[1] = parent;
            _exit(write(ends[1], told, sizeof(told)) < 0);
        }
        _exit(0);
    }
    check_is(waitpid(middle, &middle_status, 0), middle, "the middle one");
    check_is(read(ends[0], told, sizeof(told)), sizeof(told), "the orphan");
    check(told[0] != middle && told[1] == middle,
          "the orphan's parent is %d, was %d", told[0], told[1]);
    close(ends[0]);
    close(ends[1]);
}

/* ---- groups and sessions ---- */

static void be_session_leader(void *unused)
{
    pid_t self = getpid();

    (void)unused;
    if (setsid() != self || getsid(0) != self || getpgrp() != self)
        _exit(1);
    if (setsid() != -1 || errno != EPERM)
        _exit(2);
    if (setpgid(0, 0) != -1 || errno != EPERM)
        _exit(3);
    if (open("/dev/tty", O_RDWR) != -1 || errno != ENXIO)
        _exit(4);
}

static void change_group(void *unused)
{
    pid_t self = getpid();

    (void)unused;
    if (setpgid(0, 0) != 0 || getpgrp() != self || getpgid(self) != self)
        _exit(1);
    if (setpgid(0, 99999) != -1 || errno != EPERM)
        _exit(2);
    if (setpgid(1, 0) != -1 || errno != ESRCH)
        _exit(3);
    if (setpgid(0, -1) != -1 || errno != EINVAL)
        _exit(4);
}

static void test_groups(void)
{
    int ends[2], status, i, nr = 0;
    pid_t first = 0, pid;

    check_exits(be_session_leader, NULL, 0, "setsid");
    check_exits(change_group, NULL, 0, "setpgid");
    check_error(getpgid(99999), ESRCH, "getpgid of nobody");
    check_is(getpgid(0), getpgrp(), "getpgid of itself");
    check_is(pipe(ends), 0, "pipe");
    for (i = 0; i < 3; i++) {
        pid = fork();
        if (pid == 0) {
            setpgid(0, first);
            _exit(write(ends[1], "x", 1) != 1 || pause());
        }
        first = first ? first : pid;
        setpgid(pid, first);
    }
    for (i = 0; i < 3; i++) {
        char byte;

        check_is(read(ends[0], &byte, 1), 1, "a member of the group");
    }
    check_is(kill(-first, SIGTERM), 0, "kill of a group");
    while (waitpid(-first, &status, 0) > 0)
        nr += WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM;
    check_is(nr, 3, "killed in that group");
    check_error(kill(-first, 0), ESRCH, "kill of a group that is gone");
    close(ends[0]);
    close(ends[1]);
}

/* ---- limits, times, names ---- */

static void open_many(void *unused)
{
    struct rlimit limit = {16, 16};
    int last = -1, file;

    (void)unused;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        _exit(1);
    while ((file = open("/dev/null", O_RDONLY)) >= 0)
        last = file;
    if (errno != EMFILE || last != 15)
        _exit(2);
}

static void test_limits(void)
{
    struct rlimit limit;
    struct rusage usage;

    check_is(getrlimit(RLIMIT_NOFILE, &limit), 0, "getrlimit");
    check(limit.rlim_cur >= 64 && limit.rlim_cur <= limit.rlim_max,
          "descriptors: %llu of %llu", (unsigned long long)limit.rlim_cur,
          (unsigned long long)limit.rlim_max);
    check_is(getrlimit(RLIMIT_STACK, &limit), 0, "getrlimit of the stack");
    check(limit.rlim_cur >= 1 << 20, "the stack's limit is too small");
    check_error(getrlimit(99, &limit), EINVAL, "an unknown limit");
    check_exits(open_many, NULL, 0, "a limit of descriptors");
    check_is(getrusage(RUSAGE_SELF, &usage), 0, "getrusage");
    check_is(getrusage(RUSAGE_CHILDREN, &usage), 0, "getrusage of children");
    check_error(getrusage(99, &usage), EINVAL, "an unknown usage");
}

static void test_identity(void)
{
    struct utsname names;
    cpu_set_t cpus;

    check_is(uname(&names), 0, "uname");
    check(strcmp(names.sysname, "Linux") == 0, "system %s", names.sysname);
    check(strcmp(names.machine, "x86_64") == 0, "machine %s", names.machine);
    check(getuid() == geteuid() && getgid() == getegid(), "who one is");
    check_is(sched_yield(), 0, "sched_yield");
    check_is(sched_getaffinity(0, sizeof(cpus), &cpus), 0, "sched_getaffinity");
    check(sysconf(_SC_NPROCESSORS_ONLN) >= 1, "no CPU");
    check_error(syscall(9999), ENOSYS, "no such system call");
    check(getppid() > 0 || getpid() == 1, "getppid");
}

void test_processes(void)
{
    test_statuses();
    test_fork();
    test_many_children();
    test_vfork();
    test_wait_options();
    test_stop();
    test_orphans();
    test_groups();
    test_limits();
    test_identity();
}

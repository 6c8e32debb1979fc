/* SPDX-License-Identifier: MIT
 *
 * What a program may try against the kernel, first part: addresses that are
 * not its own, programs that run, and what it leaves behind with a call.
 */
#include "user/posix/hostile.h"
#include "user/posix/posix.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- addresses ---- */

const uint64_t bad_addresses[NR_BAD_ADDRESSES] = {
    0,
    8,
    0x7ffffffff000,
    0x7ffffffffff8,
    0x800000000000,
    0x8000000000000000,
    0xffff800000000000,
    0xffff880000000000,
    0xffffffff80100000,
    0xfffffffffffffff8,
};

/* What the kernel is to read from there, or to write to it. */
static void try_address(uint64_t vaddr, const int ends[2], int file)
{
    long at = (long)vaddr;

    check_error(syscall(SYS_write, ends[1], at, 8L), EFAULT, "write");
    check_error(syscall(SYS_pread64, file, at, 8L, 0L), EFAULT, "pread");
    check_error(syscall(SYS_uname, at), EFAULT, "uname");
    check_error(syscall(SYS_fstat, file, at), EFAULT, "fstat");
    check_error(syscall(SYS_getrandom, at, 8L, 0L), EFAULT, "getrandom");
    check_error(syscall(SYS_clock_gettime, 1L, at), EFAULT, "clock_gettime");
    check_error(syscall(SYS_pipe2, at, 0L), EFAULT, "pipe2");
    check_error(syscall(SYS_open, at, 0L), EFAULT, "open");
    check_error(syscall(SYS_execve, at, 0L, 0L), EFAULT, "execve");
    check_error(syscall(SYS_futex, at, 0L, 0L, 0L), EFAULT, "futex");
    if (vaddr == 0) /* is nothing, for these */
        return;
    check_error(syscall(SYS_rt_sigaction, (long)SIGUSR1, at, 0L, 8L), EFAULT,
                "rt_sigaction");
    check_error(syscall(SYS_sigaltstack, at, 0L), EFAULT, "sigaltstack");
}

static void addresses(void)
{
    int ends[2], file = new_file();
    size_t i;

    check_is(pipe(ends), 0, "pipe");
    check_is(write(file, "12345678", 8), 8, "write");
    for (i = 0; i < NR_BAD_ADDRESSES; i++)
        try_address(bad_addresses[i], ends, file);
    close(ends[0]);
    close(ends[1]);
    close(file);
}

/* ---- programs that run ---- */

/* All that run it have the same pages. */
static void programs(void)
{
    int file = open("/proc/self/exe", O_RDONLY);
    void *page = mmap(NULL, PAGE_SIZE, PROT_READ, MAP_SHARED, file, 0);
    const int read_write = PROT_READ | PROT_WRITE;

    check(page != MAP_FAILED, "mmap of a running program");
    check_error(mprotect(page, PAGE_SIZE, read_write), EACCES,
                "mprotect of a file that was opened for reading");
    check_is(mprotect(page, PAGE_SIZE, PROT_READ | PROT_EXEC), 0, "mprotect");
    check_error((long)mmap(NULL, PAGE_SIZE, read_write, MAP_SHARED, file, 0),
                EACCES, "mmap of it for writing");
    check_error(open("/proc/self/exe", O_RDWR), ETXTBSY, "open for writing");
    check_error(truncate("/proc/self/exe", 0), ETXTBSY, "truncate");
    munmap(page, PAGE_SIZE);
    page = mmap(NULL, PAGE_SIZE, PROT_READ, MAP_PRIVATE, file, 0);
    check_is(mprotect(page, PAGE_SIZE, read_write), 0, "mprotect of a copy");
    *(char *)page = 1;
    munmap(page, PAGE_SIZE);
    close(file);
}

/* What somebody may still change does not run. */
static void half_written(void)
{
    const char *name = "/tmp/posix-hostile";
    int file = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0755);

    check_is(write(file, "#!/bin/sh\n", 10), 10, "write");
    check_error(execl(name, name, (char *)NULL), ETXTBSY,
                "execve of what is open for writing");
    close(file);
    unlink(name);
}

/* ---- what a call leaves behind ---- */

/* The wait has no end to remember: the sleep has its own. */
static void wait_and_sleep(void *unused)
{
    sigset_t set;

    (void)unused;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    (void)sigwaitinfo(&set, NULL);
    sleep_ms(1);
}

static void sleeps_end(void)
{
    int status = 0, i;
    pid_t pid = fork();

    if (pid == 0) {
        wait_and_sleep(NULL);
        _exit(0);
    }
    sleep_ms(20);
    kill(pid, SIGSTOP);
    waitpid(pid, &status, WUNTRACED);
    kill(pid, SIGCONT);
    sleep_ms(20);
    kill(pid, SIGUSR1);
    for (i = 0; i < 200 && waitpid(pid, &status, WNOHANG) == 0; i++)
        sleep_ms(10);
    check(i < 200, "a sleep after sigwaitinfo that was stopped never ends");
    if (i < 200)
        return;
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
}

/* The kernel looks at these when the thread ends. */
static void leave_pointers(void *vaddr)
{
    static uint64_t ring[2], head[3];

    ring[0] = (uint64_t)&ring[1];
    ring[1] = (uint64_t)&ring[0]; /* it never comes back to its head */
    head[0] = (uint64_t)ring;
    head[1] = (uint64_t)vaddr;
    head[2] = (uint64_t)vaddr;
    syscall(SYS_set_robust_list, head, sizeof(head));
    syscall(SYS_set_tid_address, vaddr);
    syscall(SYS_exit, 3);
}

static void sleep_for_ever(void *unused)
{
    const struct itimerval never = {{INT64_MAX, 999999}, {INT64_MAX, 999999}};
    const struct timespec ever = {INT64_MAX, 999999999};

    (void)unused;
    (void)setitimer(ITIMER_REAL, &never, NULL);
    (void)nanosleep(&ever, NULL);
}

static void ends(void)
{
    int status = -1;
    size_t i;
    pid_t pid;

    for (i = 0; i < NR_BAD_ADDRESSES; i++)
        check_exits(leave_pointers, (void *)bad_addresses[i], 3,
                    "exit with bad pointers");
    pid = fork();
    if (pid == 0) {
        sleep_for_ever(NULL);
        _exit(0);
    }
    sleep_ms(20);
    check_is(waitpid(pid, &status, WNOHANG), 0, "the longest sleep goes on");
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
}

void test_hostile(void)
{
    addresses();
    programs();
    half_written();
    hostile_frames();
    sleeps_end();
    ends();
    hostile_code();
}

/* SPDX-License-Identifier: MIT
 *
 * Random system calls with random arguments, in children that may well die of
 * them. Whatever happens to these: the kernel goes on. Left out is what would
 * be the end of other processes or change the machine for them. A call that
 * waits is interrupted by a timer; who waits all the same is killed.
 *
 *   scramble [CHILDREN [CALLS [SEED]]]
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLACE "/tmp/scramble"
#define NR_NUMBERS 450
#define FIRST_FILE 3 /* descriptors from here on; below them are none */
#define MAX_WAIT_MS 1000

/* What is called every other time. */
static const int favourites[] = {
    SYS_mmap,           SYS_mprotect,    SYS_munmap,       SYS_brk,
    SYS_mremap,         SYS_madvise,     SYS_rt_sigaction, SYS_rt_sigprocmask,
    SYS_arch_prctl,     SYS_sigaltstack, SYS_clone,        SYS_futex,
    SYS_set_tid_address};

static const int forbidden[] = {
    SYS_exit,          SYS_exit_group,   SYS_vfork,           SYS_kill,
    SYS_tkill,         SYS_tgkill,       SYS_rt_sigqueueinfo, SYS_reboot,
    SYS_setsid,        SYS_setpgid,      SYS_sethostname,     SYS_setdomainname,
    SYS_clock_settime, SYS_settimeofday, SYS_mount,           SYS_umount2,
    SYS_setpriority,   SYS_adjtimex};

static uint64_t state;

/* Marsaglia's xorshift64. */
static uint64_t next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static uint64_t pick(const uint64_t *values, size_t nr)
{
    return values[next() % nr];
}

/* Addresses that are likely to be something, and numbers that are not. */
static uint64_t argument(void)
{
    static const uint64_t bases[] = {
        0,
        0x400000,
        0x410000,
        0x10000000,
        0x7ffffffff000,
        0x7fffff800000,
        0x7fffff700000,
        0x800000000000,
        0xffff800000000000,
        0xffff880000000000,
        0xffffff0000010000,
        0xffffffff80100000,
        0xfffffffffffff000,
    };
    static const uint64_t offsets[] = {
        0, 1, 8, 0xff8, 0xfff, 0x1000, 0x2000, 0x200000, 0x40000000};

    switch (next() % 4) {
    case 0:
        return next() % 64;
    case 1:
        return next() >> (next() % 64);
    case 2:
        return pick(bases, sizeof(bases) / sizeof(bases[0])) -
               pick(offsets, sizeof(offsets) / sizeof(offsets[0]));
    default:
        return pick(bases, sizeof(bases) / sizeof(bases[0])) +
               pick(offsets, sizeof(offsets) / sizeof(offsets[0]));
    }
}

/*
 * Mostly requests that the kernel does not refuse at once; and those that take
 * memory away mostly leave the program itself alone, so that it goes on.
 */
static void tame(int number, uint64_t *args)
{
    if (number == SYS_write || number == SYS_writev)
        args[0] = next() % 8 == 0 ? ~0ul : FIRST_FILE;
    if (number < SYS_mmap || number > SYS_munmap || next() % 64 == 0)
        return;
    args[0] = 0x10000000 + (next() % 256) * 0x1000;
    args[1] = next() % 0x40000;
    args[2] %= 8;
    args[3] = MAP_PRIVATE | MAP_ANONYMOUS |
              (next() % 4 != 0 ? (uint64_t)MAP_FIXED : 0);
}

/* Reads and writes in the middle of what was mapped, if the kernel can. */
static void touch(void)
{
    uint64_t at = 0x10000000 + next() % 0x100000;

    (void)syscall(SYS_clock_gettime, 1L, at);
    (void)syscall(SYS_write, (long)FIRST_FILE, at, next() % 0x3000);
}

static int pick_number(void)
{
    const size_t nr_favourites = sizeof(favourites) / sizeof(favourites[0]);
    size_t i;
    int number;

    if (next() % 2 == 0)
        return favourites[next() % nr_favourites];
    number = (int)(next() % NR_NUMBERS);
    for (i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
        if (number == forbidden[i])
            return SYS_getpid;
    return number;
}

static void scramble(unsigned int nr_calls)
{
    uint64_t args[6];
    unsigned int i, j;
    int number;

    for (i = 0; i < nr_calls; i++) {
        number = pick_number();
        for (j = 0; j < 6; j++)
            args[j] = argument();
        tame(number, args);
        (void)syscall(number, args[0], args[1], args[2], args[3], args[4],
                      args[5]);
        touch();
    }
}

/* ---- the children ---- */

static void interrupt(int signal)
{
    (void)signal;
}

/* No console, but a file, a pipe, a device and a directory. */
static void open_files(void)
{
    int ends[2], i;

    for (i = 0; i < FIRST_FILE; i++)
        close(i);
    if (open(PLACE "/file", O_RDWR | O_CREAT | O_TRUNC, 0600) < 0 ||
        pipe2(ends, O_NONBLOCK) != 0 || open("/dev/zero", O_RDWR) < 0 ||
        open(PLACE, O_RDONLY | O_DIRECTORY) < 0)
        _exit(1);
    for (i = 0; i < FIRST_FILE + 2; i++)
        (void)dup2(i, i + FIRST_FILE);
    for (i = 0; i < FIRST_FILE; i++)
        close(i);
}

static _Noreturn void be_child(unsigned int nr_calls)
{
    struct sigaction action = {.sa_handler = interrupt};
    struct itimerval timer = {{0, 5000}, {0, 5000}};

    setpgid(0, 0);
    open_files();
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
    scramble(nr_calls);
    _exit(0);
}

/* The end of a child and of all that it has started. */
static bool end_child(pid_t pid)
{
    unsigned int ms = 0;
    pid_t ended;

    while ((ended = waitpid(pid, NULL, WNOHANG)) == 0 && ms++ < MAX_WAIT_MS)
        usleep(1000);
    (void)kill(-pid, SIGKILL);
    if (ended == 0)
        ended = waitpid(pid, NULL, 0);
    return ended == pid;
}

static unsigned int number_of(int argc, char **argv, int at,
                              unsigned int otherwise)
{
    return argc > at ? (unsigned int)atoi(argv[at]) : otherwise;
}

int main(int argc, char **argv)
{
    unsigned int nr = number_of(argc, argv, 1, 20), i, nr_ended = 0;
    unsigned int nr_calls = number_of(argc, argv, 2, 2000);
    unsigned int seed = number_of(argc, argv, 3, 1);
    pid_t pids[2] = {0, 0};

    mkdir(PLACE, 0700);
    if (chdir(PLACE) != 0)
        return 2;
    for (i = 0; i < nr + 2; i++) {
        /* Two at a time, so that they get in each other's way. */
        if (pids[i % 2] > 0)
            nr_ended += end_child(pids[i % 2]);
        pids[i % 2] = i < nr ? fork() : 0;
        if (i < nr && pids[i % 2] == 0) {
            state = (seed * 1000ul + i) * 0x9e3779b97f4a7c15 + 1;
            be_child(nr_calls);
        }
    }
    unlink(PLACE "/file");
    printf("scramble: %u children have ended\n", nr_ended);
    return nr_ended == nr ? 0 : 1;
}

/* SPDX-License-Identifier: MIT
 *
 * Random system calls with random arguments, in children that may well die of
 * them. Whatever happens to these: the kernel goes on. Nothing that waits,
 * ends or starts a process on purpose, and nothing is written to the console.
 *
 *   scramble [CHILDREN [CALLS [SEED]]]
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* mmap, mprotect, munmap, brk, rt_sigaction, rt_sigprocmask, ioctl,
 * sched_yield, madvise, getpid, getppid, arch_prctl, gettid, set_tid_address,
 * clock_gettime; then write and writev; then some that there are not. */
static const int numbers[] = {9,  10,  11,  12,  13,  14,  16, 24, 28,
                              39, 110, 158, 186, 218, 228, 1,  20, 2,
                              17, 34,  64,  65,  72,  73,  74, 144};

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
    if (number == 1 || number == 20) /* write, writev */
        args[0] = next() % 8 == 0 ? ~0ul : 3;
    if (number < 9 || number > 11 || next() % 64 == 0)
        return;
    /* mmap, mprotect, munmap */
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
    long clock_gettime = 228, write = 1;

    (void)syscall(clock_gettime, 1L, at);
    (void)syscall(write, 3L, at, next() % 0x3000);
}

static void scramble(unsigned int nr_calls)
{
    uint64_t args[6];
    unsigned int i, j;
    int number;

    for (i = 0; i < nr_calls; i++) {
        number = numbers[next() % (sizeof(numbers) / sizeof(numbers[0]))];
        for (j = 0; j < 6; j++)
            args[j] = argument();
        tame(number, args);
        (void)syscall(number, args[0], args[1], args[2], args[3], args[4],
                      args[5]);
        touch();
    }
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
    int status;

    for (i = 0; i < nr; i++) {
        /* Two at a time, so that they get in each other's way. */
        if (i >= 2 && wait(&status) > 0)
            nr_ended++;
        if (fork() == 0) {
            state = (seed * 1000ul + i) * 0x9e3779b97f4a7c15 + 1;
            scramble(nr_calls);
            _exit(0);
        }
    }
    while (wait(&status) > 0)
        nr_ended++;
    printf("scramble: %u children have ended\n", nr_ended);
    return nr_ended == nr ? 0 : 1;
}

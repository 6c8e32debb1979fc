/* SPDX-License-Identifier: MIT
 *
 * System calls that do next to nothing, and a signal caught.
 */
#include "user/bench/bench.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int file;
static pid_t self;
static volatile sig_atomic_t nr_caught;

static void null_loop(uint64_t iterations)
{
    while (iterations-- > 0)
        (void)getppid();
}

static void read_loop(uint64_t iterations)
{
    char byte;

    while (iterations-- > 0)
        if (read(file, &byte, 1) != 1)
            fail("reading from /dev/zero");
}

static void write_loop(uint64_t iterations)
{
    const char byte = 0;

    while (iterations-- > 0)
        if (write(file, &byte, 1) != 1)
            fail("writing to /dev/null");
}

/* By hand, since a library may have another call in its stat(). */
static void stat_loop(uint64_t iterations)
{
    struct stat stat;

    while (iterations-- > 0)
        if (syscall(SYS_stat, SCRATCH_FILE, &stat) != 0)
            fail(SCRATCH_FILE);
}

static void open_loop(uint64_t iterations)
{
    int opened;

    while (iterations-- > 0) {
        opened = open(SCRATCH_FILE, O_RDONLY);
        if (opened < 0 || close(opened) != 0)
            fail(SCRATCH_FILE);
    }
}

static void prepare_zero(void)
{
    file = open("/dev/zero", O_RDONLY);
    if (file < 0)
        fail("/dev/zero");
}

static void prepare_null(void)
{
    file = open("/dev/null", O_WRONLY);
    if (file < 0)
        fail("/dev/null");
}

static void close_file(void)
{
    (void)close(file);
}

/* ---- signals ---- */

static void catch (int number)
{
    (void)number;
    nr_caught++;
}

static void prepare_signal(void)
{
    struct sigaction action = {.sa_handler = catch};

    self = getpid();
    if (sigaction(SIGUSR1, &action, NULL) != 0)
        fail("sigaction");
}

static void signal_loop(uint64_t iterations)
{
    uint64_t i;

    nr_caught = 0;
    for (i = 0; i < iterations; i++)
        (void)kill(self, SIGUSR1);
    if ((uint64_t)nr_caught != iterations)
        fail("not all signals were caught");
}

/* Only looks whether one may be sent. */
static void no_signal_loop(uint64_t iterations)
{
    while (iterations-- > 0)
        if (kill(self, 0) != 0)
            fail("kill");
}

const struct row syscall_rows[] = {
    {.name = "lat_syscall_null",
     .loop = null_loop,
     .iterations = 500,
     .per_iteration = 1},
    {.name = "lat_syscall_read",
     .prepare = prepare_zero,
     .loop = read_loop,
     .finish = close_file,
     .iterations = 500,
     .per_iteration = 1},
    {.name = "lat_syscall_write",
     .prepare = prepare_null,
     .loop = write_loop,
     .finish = close_file,
     .iterations = 500,
     .per_iteration = 1},
    {.name = "lat_syscall_stat",
     .prepare = make_scratch_file,
     .loop = stat_loop,
     .iterations = 200,
     .per_iteration = 1},
    {.name = "lat_syscall_open",
     .prepare = make_scratch_file,
     .loop = open_loop,
     .iterations = 200,
     .per_iteration = 1},
    {.name = "lat_sig",
     .prepare = prepare_signal,
     .loop = signal_loop,
     .baseline = no_signal_loop,
     .iterations = 200,
     .per_iteration = 1},
    {.name = NULL},
};

/* SPDX-License-Identifier: MIT
 *
 * Processes: made, ended and waited for; with another program; by a shell.
 */
#include "user/bench/bench.h"

#include <sys/wait.h>
#include <unistd.h>

#define TRUE "/bin/bench-true"
#define SHELL "/bin/sh"

/* Ends with 0, or the row is worth nothing. */
static void wait_for(pid_t pid, const char *what)
{
    int status = 1;

    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        fail(what);
}

static void fork_loop(uint64_t iterations)
{
    pid_t pid;

    while (iterations-- > 0) {
        pid = fork();
        if (pid == 0)
            _exit(0);
        wait_for(pid, "fork");
    }
}

static void exec_loop(uint64_t iterations)
{
    pid_t pid;

    while (iterations-- > 0) {
        pid = fork();
        if (pid == 0) {
            (void)execl(TRUE, TRUE, (char *)NULL);
            _exit(1);
        }
        wait_for(pid, TRUE);
    }
}

static void shell_loop(uint64_t iterations)
{
    pid_t pid;

    while (iterations-- > 0) {
        pid = fork();
        if (pid == 0) {
            (void)execl(SHELL, "sh", "-c", TRUE, (char *)NULL);
            _exit(1);
        }
        wait_for(pid, SHELL " -c " TRUE);
    }
}

const struct row process_rows[] = {
    {.name = "lat_proc_fork",
     .loop = fork_loop,
     .iterations = 20,
     .per_iteration = 1},
    {.name = "lat_proc_exec",
     .loop = exec_loop,
     .iterations = 20,
     .per_iteration = 1},
    {.name = "lat_proc_shell",
     .loop = shell_loop,
     .iterations = 10,
     .per_iteration = 1},
    {.name = NULL},
};

/* SPDX-License-Identifier: MIT
 *
 * What programs expect of Linux, tried out by one: a group of checks for each
 * part. Without arguments all groups are run, else those that are named. Run
 * it on any Linux to see what is right.
 */
#include "user/posix/posix.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct group {
    const char *name;
    void (*test)(void);
} groups[] = {
    {"processes", test_processes}, {"programs", test_programs},
    {"memory", test_memory},       {"signals", test_signals},
    {"files", test_files},         {"threads", test_threads},
    {"terminal", test_terminal},   {"hostile", test_hostile},
};
#define NR_GROUPS (sizeof(groups) / sizeof(groups[0]))

static unsigned int nr_passed, nr_failed;
static const char *current_group;

void check(bool passed, const char *format, ...)
{
    va_list arguments;

    if (passed) {
        nr_passed++;
        return;
    }
    nr_failed++;
    printf("posix: %s: FAILED: ", current_group);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

void check_is(long got, long expected, const char *what)
{
    const char *error = got == -1 ? strerror(errno) : "";

    check(got == expected, "%s: expected %ld, got %ld %s", what, expected, got,
          error);
}

void check_error(long result, int expected, const char *what)
{
    int error = result == -1 ? errno : 0;

    check(error == expected, "%s: expected \"%s\", got \"%s\" (%ld)", what,
          strerror(expected), strerror(error), result);
}

int status_of_child(void (*function)(void *argument), void *argument)
{
    int status = 0;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        function(argument);
        _exit(0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return -1;
    return status;
}

void check_exits(void (*function)(void *argument), void *argument, int code,
                 const char *what)
{
    int status = status_of_child(function, argument);

    check(status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == code,
          "%s: expected exit status %d, got the status %#x", what, code,
          (unsigned int)status);
}

void check_killed(void (*function)(void *argument), void *argument, int signal,
                  const char *what)
{
    int status = status_of_child(function, argument);

    check(status != -1 && WIFSIGNALED(status) && WTERMSIG(status) == signal,
          "%s: expected death by signal %d, got the status %#x", what, signal,
          (unsigned int)status);
}

static void *map_pages(size_t size, int flags)
{
    void *pages =
        mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

    if (pages == MAP_FAILED) {
        printf("posix: no memory of %zu bytes\n", size);
        exit(2);
    }
    return pages;
}

void *new_pages(size_t size)
{
    return map_pages(size, MAP_PRIVATE);
}

void *new_shared_pages(size_t size)
{
    return map_pages(size, MAP_SHARED);
}

int new_file(void)
{
    char name[] = "/tmp/posix-XXXXXX";
    int file = mkstemp(name);

    if (file < 0 || unlink(name) != 0) {
        printf("posix: no file in /tmp: %s\n", strerror(errno));
        exit(2);
    }
    return file;
}

long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void sleep_ms(long ms)
{
    struct timespec rest = {ms / 1000, ms % 1000 * 1000000};

    while (nanosleep(&rest, &rest) != 0 && errno == EINTR)
        ;
}

static void run_group(const struct group *group)
{
    unsigned int passed_before = nr_passed, failed_before = nr_failed;

    current_group = group->name;
    group->test();
    printf("posix: %s: %u passed, %u failed\n", group->name,
           nr_passed - passed_before, nr_failed - failed_before);
}

static bool is_wanted(const char *name, int argc, char **argv)
{
    int i;

    for (i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return argc < 2;
}

static int verdict(void)
{
    size_t i;

    printf("posix: %u passed, %u failed\n", nr_passed, nr_failed);
    if (nr_passed + nr_failed > 0)
        return nr_failed == 0 ? 0 : 1;
    fputs("usage: posix [GROUP]... of these:", stdout);
    for (i = 0; i < NR_GROUPS; i++)
        printf(" %s", groups[i].name);
    putchar('\n');
    return 1;
}

int main(int argc, char **argv)
{
    int status;
    size_t i;

    /* A line at a time: a child that is forked has nothing left to print. */
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    for (i = 0; i < NR_GROUPS; i++)
        if (is_wanted(groups[i].name, argc, argv))
            run_group(&groups[i]);
    status = verdict();
    /* As process 1 it must not end: that is a crash, which is right if
     * something failed. */
    if (getpid() == 1 && status == 0)
        (void)reboot(RB_POWER_OFF);
    return status;
}

/* SPDX-License-Identifier: MIT
 *
 * A tour of user mode: what a program may rely on, tried out by one. It says
 * the same under Parapet and on the bare machine.
 */
#include "user/tour/tour.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned int nr_passed, nr_failed;

void check(bool passed, const char *what)
{
    printf("  %-6s %s\n", passed ? "ok" : "FAILED", what);
    if (passed)
        nr_passed++;
    else
        nr_failed++;
}

static enum end end_of_status(int status)
{
    if (WIFEXITED(status))
        return WEXITSTATUS(status) == 0 ? ENDED_0 : ENDED_OTHER;
    switch (WTERMSIG(status)) {
    case SIGSEGV:
        return ENDED_SEGV;
    case SIGILL:
        return ENDED_ILL;
    case SIGFPE:
        return ENDED_FPE;
    case SIGTRAP:
        return ENDED_TRAP;
    default:
        return ENDED_KILLED;
    }
}

enum end end_of_child(void (*function)(void *argument), void *argument)
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
        return ENDED_NEVER;
    return end_of_status(status);
}

void *new_pages(size_t size)
{
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (pages == MAP_FAILED) {
        printf("tour: no memory of %zu bytes\n", size);
        exit(2);
    }
    return pages;
}

void stop_arguments(int argc, char **argv)
{
    const Elf64_Phdr *headers = (const Elf64_Phdr *)getauxval(AT_PHDR);
    const char *random = (const char *)getauxval(AT_RANDOM);
    int i;

    for (i = 1; i < argc; i++)
        printf("  argument %d: %s\n", i, argv[i]);
    check(argc > 0 && strstr(argv[0], "tour") != NULL, "its own name");
    check(argv[argc] == NULL, "a zero after the arguments");
    check(getauxval(AT_PAGESZ) == PAGE_SIZE, "auxiliary vector: page size");
    check(getauxval(AT_PHENT) == sizeof(*headers) && headers != NULL &&
              headers[0].p_type != PT_NULL && getauxval(AT_PHNUM) < 20,
          "auxiliary vector: program headers");
    check(random != NULL && memcmp(random, random + 8, 8) != 0,
          "auxiliary vector: random bytes");
}

int main(int argc, char **argv)
{
    /* A line at a time, so that what the kernel says comes in between. */
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    stop_arguments(argc, argv);
    stop_memory();
    stop_family();
    stop_forbidden();
    stop_registers();
    stop_clock();
    printf("tour: %u passed, %u failed\n", nr_passed, nr_failed);
    return nr_failed == 0 ? 0 : 1;
}

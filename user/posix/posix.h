/* SPDX-License-Identifier: MIT
 *
 * What the groups of posix share. Each check() is one thing that a program may
 * expect of Linux; the same binary passes there, under Parapet and on the bare
 * machine.
 */
#ifndef USER_POSIX_POSIX_H
#define USER_POSIX_POSIX_H

#include <stdbool.h>
#include <stddef.h>

/* One thing that is to be so. Only a failure is printed, by these words. To be
 * called in the first process only: what a child finds, it tells by its exit
 * status, a pipe or shared memory. */
void check(bool passed, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* check(call == expected), and says what came, with errno's words if that was
 * -1. */
void check_is(long got, long expected, const char *what);

/* check() that a call, which returned `result`, failed with this errno. */
void check_error(long result, int expected, const char *what);

/* Runs function(argument) in a child and waits: its status as of wait(2), or
 * -1. A child whose function returns has ended with exit status 0. */
int status_of_child(void (*function)(void *argument), void *argument);

/* check() that such a child exits with `code`, or is killed by `signal`. */
void check_exits(void (*function)(void *argument), void *argument, int code,
                 const char *what);
void check_killed(void (*function)(void *argument), void *argument, int signal,
                  const char *what);

#define PAGE_SIZE 4096ul

/* New memory of whole pages, zero, readable and writable. `shared`: with the
 * children, too. Ends the program when there is none. */
void *new_pages(size_t size);
void *new_shared_pages(size_t size);

/* An empty file, open for reading and writing, that has no name any more. */
int new_file(void);

/* Sleeps for so long, whatever signals come. */
void sleep_ms(long ms);

/* Milliseconds on CLOCK_MONOTONIC. */
long now_ms(void);

void test_processes(void); /* fork, wait, groups, limits */
void test_programs(void);  /* execve */
void test_memory(void);    /* mmap and its kin, copy on write, the stack */
void test_signals(void);
void test_files(void);
void test_threads(void);
void test_terminal(void);
void test_hostile(void); /* addresses, frames and instructions */

#endif

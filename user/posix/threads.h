/* SPDX-License-Identifier: MIT
 *
 * The parts of the group "threads".
 */
#ifndef USER_POSIX_THREADS_H
#define USER_POSIX_THREADS_H

#include <stdint.h>

#define MAX_THREADS 16

/* Starts threads, of which each gets its number, 0 and up, as the argument.
 * Ends the program when there are none to be had. */
void start_all(unsigned int nr, void *(*function)(void *argument));

/* Waits for all that start_all() started: the sum of what they returned. */
uintptr_t join_all(unsigned int nr);

void test_thread_waits(void);
void test_thread_ends(void);
void test_thread_registers(void);

#endif

/* SPDX-License-Identifier: MIT
 *
 * What the stops of the tour share. Each check() is one thing that a program
 * may expect of the kernel, and says so in a line.
 */
#ifndef USER_TOUR_TOUR_H
#define USER_TOUR_TOUR_H

#include <stdbool.h>
#include <stddef.h>

/* One line, and its part in the sum at the end. */
void check(bool passed, const char *what);

/* The end of a child, as wait(2) gives it, in words of this program. */
enum end {
    ENDED_0,      /* exit status 0 */
    ENDED_OTHER,  /* another one */
    ENDED_SEGV,   /* killed: memory or instruction not allowed */
    ENDED_ILL,    /* killed: no such instruction */
    ENDED_FPE,    /* killed: arithmetic */
    ENDED_TRAP,   /* killed: breakpoint */
    ENDED_KILLED, /* by another signal */
    ENDED_NEVER,  /* it could not be made */
};

/* Runs function(argument) in a child, and waits: a child whose function
 * returns has ended with 0. */
enum end end_of_child(void (*function)(void *argument), void *argument);

/* New memory of whole pages, readable and writable; ends the program when
 * there is none. */
void *new_pages(size_t size);

#define PAGE_SIZE 4096ul

void stop_arguments(int argc, char **argv);
void stop_memory(void);
void stop_family(void);
void stop_forbidden(void);
void stop_registers(void);
void stop_clock(void);

#endif

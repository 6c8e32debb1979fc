/* SPDX-License-Identifier: MIT
 *
 * For tests with two ends, each a thread: ports that they wake each other by. A
 * sleep from which nobody can wake any more is found at once, whatever the time
 * it takes: both sleep, and neither has been sent anything.
 */
#ifndef TESTS_UNIT_TWO_ENDS_H
#define TESTS_UNIT_TWO_ENDS_H

#include <stdbool.h>

/* Each end has a number: 0 or 1. */
void two_ends_send(int to);

/* Until something was sent to it; false: nothing ever will be. */
bool two_ends_sleep(int end);

/* It sends nothing any more. */
void two_ends_leave(int end);

/* Anew: both are there. */
void two_ends_begin(void);

#endif

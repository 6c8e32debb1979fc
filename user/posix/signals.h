/* SPDX-License-Identifier: MIT
 *
 * What the files of the group "signals" share.
 */
#ifndef USER_POSIX_SIGNALS_H
#define USER_POSIX_SIGNALS_H

#include <signal.h>
#include <sys/types.h>

#include "user/posix/posix.h"

/* How often count_signal() ran since the last set_handler(). */
extern volatile sig_atomic_t nr_handled;
void count_signal(int number);

/* SIG_DFL and SIG_IGN, too. */
void set_handler(int number, void (*handler)(int), int flags);

/* A set of one, or of none for 0. */
sigset_t set_of(int number);

/* A child that sends the caller a signal after a while, and ends. */
pid_t send_later(int number, long ms);

void test_signal_calls(void);
void test_signal_frames(void);

#endif

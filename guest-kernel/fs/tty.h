/* SPDX-License-Identifier: MIT
 *
 * The terminal (termios(3)): between the console's bytes and programs that
 * read lines, are stopped and interrupted from the keyboard. There is one, the
 * console.
 *
 * Bytes are taken in as they come, at which time those that mean a signal
 * (Ctrl-C) act; all else waits, as it came, until a program reads. Only then is
 * it put together to lines, edited and echoed: so input that is typed or piped
 * ahead appears behind the prompt that it answers, and not in the middle of
 * other output.
 */
#ifndef GUEST_KERNEL_FS_TTY_H
#define GUEST_KERNEL_FS_TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest-kernel/fs/device.h"
#include "guest-kernel/fs/file.h"

struct process;
struct tty;

#define TTY_DEVICE_CONSOLE DEVICE(5, 1)
#define TTY_DEVICE_TTY DEVICE(5, 0) /* the controlling terminal, whichever */

/* The console's input goes to the terminal from now on, and /dev/console and
 * the like are registered. */
void tty_init(void);

/* The console's. */
struct tty *tty_console(void);

/* The leader of the session that has the terminal ends: SIGHUP and SIGCONT to
 * the foreground group, and nobody has it any more. */
void tty_leader_ended(struct process *leader);

/* Makes it the controlling terminal of a session leader, its group the one in
 * the foreground. */
void tty_acquire(struct tty *tty, struct process *leader);

/* For /proc/PID/stat: the foreground group, 0 none. */
uint32_t tty_foreground(const struct tty *tty);

#endif

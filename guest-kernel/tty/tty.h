/* SPDX-License-Identifier: MIT
 *
 * The terminal (termios(3)): between the console's bytes and programs that
 * read lines, are stopped and interrupted from the keyboard. There is one, the
 * console.
 *
 * Bytes are taken in as they come, at which time those that mean a signal
 * (Ctrl-C) act; all else waits, as it came, until a program reads. Only then is
 * it put together to lines, edited and echoed: so input that is typed or piped
 * ahead appears after the prompt that it answers, and not in the middle of
 * other output.
 */
#ifndef GUEST_KERNEL_TTY_TTY_H
#define GUEST_KERNEL_TTY_TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest-kernel/fs/device.h"
#include "guest-kernel/fs/file.h"

struct tty;

#define TTY_DEVICE_CONSOLE DEVICE(5, 1)
#define TTY_DEVICE_TTY DEVICE(5, 0) /* the controlling terminal, whichever */

/* The console's input goes to the terminal from now on, and /dev/console and
 * the like are registered. */
void tty_init(void);

/* For /proc/PID/stat: the foreground group, 0 none. */
uint32_t tty_foreground(const struct tty *tty);

#endif

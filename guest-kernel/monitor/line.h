/* SPDX-License-Identifier: MIT
 *
 * One line from the console, with echo and the usual keys: backspace, Ctrl-U
 * (erase the line), Ctrl-C (give it up). CR, LF, both, or Ctrl-D end it; Ctrl-D
 * on an empty line is the end of all input. Other control characters and the
 * escape sequences of cursor keys are ignored.
 */
#ifndef GUEST_KERNEL_MONITOR_LINE_H
#define GUEST_KERNEL_MONITOR_LINE_H

#include <stddef.h>

enum line_result {
    LINE_READ,
    LINE_GIVEN_UP,
    LINE_TOO_LONG, /* all of it was read, and is lost */
    LINE_END,
};

/* At most size - 1 bytes and a NUL. */
enum line_result line_read(char *line, size_t size);

#endif

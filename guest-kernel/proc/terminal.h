/* SPDX-License-Identifier: MIT
 *
 * The console as processes see it: lines that the user has edited.
 */
#ifndef GUEST_KERNEL_PROC_TERMINAL_H
#define GUEST_KERNEL_PROC_TERMINAL_H

#include <stddef.h>
#include <stdint.h>

/*
 * Waits for a line if none is left over, and takes at most size bytes of it,
 * its end included. 0: Ctrl-D, the end of the input. -1: Ctrl-C. For threads.
 */
int64_t terminal_read(char *buffer, size_t size);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Pipes, with and without names (pipe(7)): 64 KiB, writes of up to 4096 bytes
 * in one piece.
 */
#ifndef GUEST_KERNEL_FS_PIPE_H
#define GUEST_KERNEL_FS_PIPE_H

#include "guest-kernel/fs/file.h"

/* Of a named pipe's inode, and of both ends of pipe(2). */
extern const struct file_ops pipe_file_ops;

/* ends[0] is for reading. 0, or a negative error number. */
int64_t pipe_create(struct file *ends[2], uint32_t flags);

/* The current thread has written to a pipe that nobody reads: SIGPIPE. Provided
 * by proc/signal.c. */
void signal_broken_pipe(void);

#endif

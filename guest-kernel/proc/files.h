/* SPDX-License-Identifier: MIT
 *
 * The table of descriptors of a process: the smallest free number is given out
 * next. Its threads share it.
 */
#ifndef GUEST_KERNEL_PROC_FILES_H
#define GUEST_KERNEL_PROC_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file;
struct files;
struct process;

#define FILES_MAX 1024u

/* Empty; and a copy, for fork(2). NULL without memory. */
struct files *files_create(void);
struct files *files_clone(const struct files *files);
/* Closes all. NULL is ignored. */
void files_destroy(struct files *files);
/* For execve(2): those marked so are closed. */
void files_close_on_exec(struct files *files);

/* A reference to the open file, or NULL: file_put() ends it. */
struct file *files_get(const struct files *files, uint64_t fd);

/* The smallest descriptor from `lowest` on; takes over the reference, also when
 * it fails: -EMFILE, -ENOMEM; -EBADF for NULL. */
int64_t files_add(struct files *files, struct file *file, uint64_t lowest,
                  bool close_on_exec);

/* The table's own reference: good until the caller sleeps. NULL. */
struct file *files_peek(const struct files *files, uint64_t fd);

/* Makes the descriptor refer to the file, whatever it was: dup2(2). As
 * files_add(); -EBADF if there can be no such descriptor. */
int64_t files_set(struct files *files, uint64_t fd, struct file *file,
                  bool close_on_exec);

/* close(2); and the flag FD_CLOEXEC, 0 or 1. -EBADF. */
int64_t files_close(struct files *files, uint64_t fd);
int64_t files_get_close_on_exec(const struct files *files, uint64_t fd);
int64_t files_set_close_on_exec(struct files *files, uint64_t fd, bool set);

/* What its files hold, in bytes (struct file_ops). */
size_t files_memory(const struct files *files);

/* How many descriptors the caller's process may have (RLIMIT_NOFILE). */
uint64_t files_limit(void);

/* Whose next use the descriptor is; for /proc/PID/fd: NULL past the last. The
 * reference is the table's. */
struct file *files_next(const struct files *files, uint64_t *fd);

#endif

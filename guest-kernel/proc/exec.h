/* SPDX-License-Identifier: MIT
 *
 * From a file of the RAM disk to a process that is ready to run it.
 */
#ifndef GUEST_KERNEL_PROC_EXEC_H
#define GUEST_KERNEL_PROC_EXEC_H

#include <stdint.h>

struct process;

/*
 * Maps the program at path and its stack into process's empty space, and sets
 * where it starts. 0; or a negative error number and in *why what is wrong;
 * the space is to be destroyed then.
 */
int64_t exec_load(struct process *process, const char *path,
                  unsigned int nr_args, char *const *args, const char **why);

#endif

/* SPDX-License-Identifier: MIT
 *
 * What proc/process.c, clone.c and exit.c share; others have proc/process.h.
 */
#ifndef GUEST_KERNEL_PROC_PROCESS_PARTS_H
#define GUEST_KERNEL_PROC_PROCESS_PARTS_H

#include "guest-kernel/proc/exec.h"
#include "guest-kernel/proc/process.h"

/* An empty record that nobody can find yet. NULL without memory. */
struct process *process_create(const char *name);

/* It runs that program: takes over the reference. NULL: none any more. */
void process_set_program(struct process *process, struct inode *program);

/* It has that program and name; it takes over the space and all references.
 * It has no space now, or its old one was taken care of. */
void process_set_image(struct process *process, const struct exec_image *image);

/* Its files, directories and program go: at its end. */
void process_release(struct process *process);

/* All of it, found or not; no thread is left. */
void process_free(struct process *process);

/* One more thread, which will go to user mode with regs. NULL: no memory, or
 * too many threads. It does not run yet. */
struct thread *process_add_thread(struct process *process,
                                  const struct trap_regs *regs);

/* From now on it can be found, and has a parent (or NULL). */
void process_publish(struct process *process, struct process *parent,
                     uint32_t pid);

#endif

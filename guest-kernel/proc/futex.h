/* SPDX-License-Identifier: MIT
 *
 * Futexes (futex(2)): threads that sleep until another one says that a word of
 * user memory has changed. What libc builds its locks of.
 */
#ifndef GUEST_KERNEL_PROC_FUTEX_H
#define GUEST_KERNEL_PROC_FUTEX_H

#include <stdint.h>

struct space;
struct thread;

/* Wakes up to n of those that wait for the word: at the end of a thread. */
void futex_wake_vaddr(struct space *space, uint64_t vaddr, unsigned int n);

/* The locks on the robust list of a thread that ends, while it still has its
 * space, become those of a dead owner (set_robust_list(2)). */
void futex_exit_robust(struct thread *thread);

#endif

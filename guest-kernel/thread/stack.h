/* SPDX-License-Identifier: MIT
 *
 * The stacks of threads, each with a page below it that is never mapped
 * (mm/layout.h). The one that the kernel booted on is not among them.
 * Interrupts disabled.
 */
#ifndef GUEST_KERNEL_THREAD_STACK_H
#define GUEST_KERNEL_THREAD_STACK_H

#include "guest-kernel/privops/privops.h"

/* Before the first one is wanted. */
void stack_init(void);

/* An empty range (low == high) without memory, or when all are in use. */
struct privops_stack stack_alloc(void);
void stack_free(struct privops_stack stack);

#endif

/* SPDX-License-Identifier: MIT
 *
 * The NR_STACKS stacks in the image, each with an unmapped page below it
 * (mm/layout.h says why they are there). Interrupts disabled.
 */
#ifndef GUEST_KERNEL_PROC_STACK_H
#define GUEST_KERNEL_PROC_STACK_H

#include "guest-kernel/privops/privops.h"

/* Takes boot's stack out of the pool, if it is one of it. */
void stack_init(struct privops_stack boot);

/* An empty range (low == high) when all are in use. */
struct privops_stack stack_alloc(void);
void stack_free(struct privops_stack stack);

#endif

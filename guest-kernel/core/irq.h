/* SPDX-License-Identifier: MIT
 *
 * Interrupts by port: the number of an event channel in the pv build, a vector
 * in the native one. A driver binds the port of its interrupt; the
 * ports of the timer and the console are in privops/privops.h.
 */
#ifndef GUEST_KERNEL_CORE_IRQ_H
#define GUEST_KERNEL_CORE_IRQ_H

#include <stdbool.h>
#include <stdint.h>

/* So many can be bound. */
#define IRQ_MAX_BOUND 32u

typedef void irq_handler_t(void *data);

/*
 * From now on the handler is called with data, interrupts disabled, each time
 * the port is raised. A port that is bound already, or one too many, is a bug.
 * Interrupts are disabled, here and below.
 */
void irq_bind(uint32_t port, irq_handler_t *handler, void *data);

/* Is asked for each port that is not bound, and says whether it knew it: the
 * owner of those that come and go. */
void irq_set_others(bool (*raise)(uint32_t port));

/* Called by the build's privops_interrupt(). False: nobody's. */
bool irq_raise(uint32_t port);

/* How often it was raised while it was bound. Any interrupt state. */
uint64_t irq_count(uint32_t port);

#endif

/* SPDX-License-Identifier: MIT
 *
 * What interrupts mean to the kernel, whatever they are for the machine: the
 * pv build gets them as ports of event channels, the native one as vectors.
 */
#ifndef GUEST_KERNEL_CORE_IRQ_H
#define GUEST_KERNEL_CORE_IRQ_H

#include <stdint.h>

enum irq {
    IRQ_TIMER,
    IRQ_CONSOLE,
    NR_IRQS,
};

typedef void irq_handler_t(void);

/* Before privops_irq_start(). The handler runs with interrupts disabled. */
void irq_register(enum irq irq, irq_handler_t *handler);

/* Called by the build's privops_interrupt(). */
void irq_raise(enum irq irq);

/* How often irq was raised. */
uint64_t irq_count(enum irq irq);

#endif

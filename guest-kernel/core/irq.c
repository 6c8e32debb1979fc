/* SPDX-License-Identifier: MIT
 *
 * The table of interrupt handlers.
 */
#include "guest-kernel/core/irq.h"

#include <stddef.h>

#include "guest-kernel/core/panic.h"

static struct {
    irq_handler_t *handler;
    uint64_t count;
} irqs[NR_IRQS];

void irq_register(enum irq irq, irq_handler_t *handler)
{
    BUG_ON(irqs[irq].handler != NULL);
    irqs[irq].handler = handler;
}

void irq_raise(enum irq irq)
{
    irqs[irq].count++;
    if (irqs[irq].handler != NULL)
        irqs[irq].handler();
}

uint64_t irq_count(enum irq irq)
{
    return irqs[irq].count;
}

/* SPDX-License-Identifier: MIT
 *
 * The table of interrupt handlers, and where in it each port's is.
 */
#include "guest-kernel/core/irq.h"

#include <stddef.h>

#include "abi/abi.h"
#include "guest-kernel/core/panic.h"

struct irq {
    irq_handler_t *handler;
    void *data;
    uint64_t count;
};

/* The first is nobody's. */
static struct irq irqs[IRQ_MAX_BOUND + 1];
static unsigned int nr_bound;
static uint8_t index_of[PARAPET_NR_PORTS];
static bool (*raise_others)(uint32_t port);

_Static_assert(IRQ_MAX_BOUND <= UINT8_MAX, "index_of has bytes");

void irq_bind(uint32_t port, irq_handler_t *handler, void *data)
{
    BUG_ON(port >= PARAPET_NR_PORTS || index_of[port] != 0);
    BUG_ON(nr_bound == IRQ_MAX_BOUND);
    index_of[port] = (uint8_t)++nr_bound;
    irqs[nr_bound] = (struct irq){handler, data, 0};
}

void irq_set_others(bool (*raise)(uint32_t port))
{
    raise_others = raise;
}

static struct irq *find(uint32_t port)
{
    return &irqs[port < PARAPET_NR_PORTS ? index_of[port] : 0];
}

bool irq_raise(uint32_t port)
{
    struct irq *irq = find(port);

    if (irq->handler == NULL)
        return raise_others != NULL && raise_others(port);
    irq->count++;
    irq->handler(irq->data);
    return true;
}

uint64_t irq_count(uint32_t port)
{
    return find(port)->count;
}

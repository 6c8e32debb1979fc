/* SPDX-License-Identifier: MIT */
#include "guest-kernel/dev/ioapic.h"

#include "guest-kernel/mm/layout.h"
#include "lib/x86/ioapic.h"

void ioapic_route(unsigned int irq, uint8_t vector)
{
    ioapic_set_route(direct_map(IOAPIC_PADDR), irq, vector, 0);
}

void ioapic_route_level(unsigned int irq, uint8_t vector)
{
    ioapic_write(direct_map(IOAPIC_PADDR), IOAPIC_ROUTE_HIGH(irq), 0);
    ioapic_write(direct_map(IOAPIC_PADDR), IOAPIC_ROUTE_LOW(irq),
                 vector | IOAPIC_LEVEL);
}

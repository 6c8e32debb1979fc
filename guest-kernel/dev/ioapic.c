/* SPDX-License-Identifier: MIT */
#include "guest-kernel/dev/ioapic.h"

#include "guest-kernel/mm/layout.h"
#include "lib/x86/ioapic.h"

void ioapic_route(unsigned int irq, uint8_t vector)
{
    ioapic_set_route(direct_map(IOAPIC_PADDR), irq, vector, 0);
}

/* SPDX-License-Identifier: MIT
 *
 * The I/O APIC (Intel 82093AA): an index and a data register. All other pins
 * stay masked, as they are after a reset.
 */
#include "guest-kernel/dev/ioapic.h"

#include "guest-kernel/mm/layout.h"

#define REDIRECTION(pin) (0x10 + 2 * (pin))

static void write(uint32_t index, uint32_t value)
{
    volatile uint32_t *registers = direct_map(IOAPIC_PADDR);

    registers[0] = index;
    registers[4] = value;
}

/* Zero elsewhere: fixed delivery, physical destination, edge, high, unmasked */
void ioapic_route(unsigned int irq, uint8_t vector)
{
    write(REDIRECTION(irq) + 1, 0);
    write(REDIRECTION(irq), vector);
}

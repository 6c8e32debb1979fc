/* SPDX-License-Identifier: MIT
 *
 * The I/O APIC (Intel 82093AA data sheet): an index and a data register, by
 * which the others are reached.
 */
#ifndef LIB_X86_IOAPIC_H
#define LIB_X86_IOAPIC_H

#include <stdint.h>

#define IOAPIC_PADDR 0xfec00000ul
#define IOAPIC_NR_PINS 24u

/* Registers that all start masked, two for each pin: where its interrupt goes,
 * and how. */
#define IOAPIC_ROUTE_LOW(pin) (0x10 + 2 * (pin))
#define IOAPIC_ROUTE_HIGH(pin) (0x11 + 2 * (pin))

/* Of the lower one, besides the vector. */
#define IOAPIC_LEVEL 0x8000u
#define IOAPIC_MASKED 0x10000u

static inline void ioapic_write(volatile uint32_t *ioapic, uint32_t index,
                                uint32_t value)
{
    ioapic[0] = index;
    ioapic[4] = value;
}

/*
 * Sends an ISA interrupt (edge-triggered, active high) to a CPU: fixed
 * delivery, physical destination, unmasked.
 */
static inline void ioapic_set_route(volatile uint32_t *ioapic, unsigned int pin,
                                    uint8_t vector, uint32_t target_apic_id)
{
    ioapic_write(ioapic, IOAPIC_ROUTE_HIGH(pin), target_apic_id << 24);
    ioapic_write(ioapic, IOAPIC_ROUTE_LOW(pin), vector);
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * The I/O APIC. Native build only. Its registers are in the direct map,
 * uncached.
 */
#ifndef GUEST_KERNEL_DEV_IOAPIC_H
#define GUEST_KERNEL_DEV_IOAPIC_H

#include <stdint.h>

/* ISA interrupt irq (edge-triggered, active high) to the CPU with APIC id 0. */
void ioapic_route(unsigned int irq, uint8_t vector);

/* A device's: level-triggered, active high. It comes again after its end of
 * interrupt, as long as the device asks. */
void ioapic_route_level(unsigned int irq, uint8_t vector);

#endif

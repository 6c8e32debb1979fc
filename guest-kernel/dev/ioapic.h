/* SPDX-License-Identifier: MIT
 *
 * The I/O APIC. Native build only.
 */
#ifndef GUEST_KERNEL_DEV_IOAPIC_H
#define GUEST_KERNEL_DEV_IOAPIC_H

#include <stdint.h>

/* Mapped in the direct map, uncached. */
#define IOAPIC_PADDR 0xfec00000ul

/* ISA interrupt irq (edge-triggered, active high) to the CPU with APIC id 0. */
void ioapic_route(unsigned int irq, uint8_t vector);

#endif

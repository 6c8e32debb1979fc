/* SPDX-License-Identifier: MIT
 *
 * The devices that the boot line announces, which the control domain drives:
 * virtio devices whose registers are in memory (virtio 1.2, section 4.2). This
 * owns which there are, and how they come to rest; of what they do it knows
 * nothing. Their pages are mapped by mm/device_page.h, and their interrupts are
 * core/pirq.h's.
 *
 * A device reads and writes memory by itself, wherever its driver tells it to.
 * So when the driver's domain ends, each device is reset before any frame can
 * become somebody else's.
 */
#ifndef HYPERVISOR_CORE_DEVICE_H
#define HYPERVISOR_CORE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hypervisor/mm/frame.h"
#include "lib/x86/ioapic.h"

#define MAX_DEVICES IOAPIC_NR_PINS /* each has an interrupt of its own */

struct device {
    uint64_t paddr; /* of its registers, all within a page */
    uint32_t size;
    uint32_t irq;                 /* the pin of the I/O APIC, no other's */
    volatile uint32_t *registers; /* where the hypervisor sees them */
};

/*
 * Notes a device. What cannot be one, or has what another one or the hypervisor
 * has, ends the boot with a line that says why. Boot only, before
 * device_begin().
 */
void device_announce(uint64_t paddr, uint64_t size, uint64_t irq);

/* Looks whether they are there, and makes their pages known. Ends the boot when
 * one is not, or is in RAM. */
void device_begin(const struct memory_range *ram, size_t nr_ram);

unsigned int device_nr(void);

/* i is below device_nr(); in the order of their addresses. */
const struct device *device_at(unsigned int i);

bool device_has_irq(uint32_t irq);

/*
 * Resets all of them; true when all have come to rest: they read and write no
 * memory any more. False: to be called again. A fixed number of steps; nobody
 * drives them meanwhile.
 */
bool device_reset_all(void);

#endif

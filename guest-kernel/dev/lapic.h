/* SPDX-License-Identifier: MIT
 *
 * The local APIC: end of interrupt, and its one-shot timer. Native build only.
 * Its registers are in the direct map, uncached.
 */
#ifndef GUEST_KERNEL_DEV_LAPIC_H
#define GUEST_KERNEL_DEV_LAPIC_H

#include <stdint.h>

void lapic_init(uint8_t timer_vector, uint8_t spurious_vector);
void lapic_end_of_interrupt(void);

/* An interrupt after so many counts; 0 stops the timer. */
void lapic_timer_start(uint32_t counts);
/* Counts since it was started with UINT32_MAX. */
uint32_t lapic_timer_count(void);

#endif

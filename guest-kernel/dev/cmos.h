/* SPDX-License-Identifier: MIT
 *
 * The battery-backed clock of a PC. Native build only.
 */
#ifndef GUEST_KERNEL_DEV_CMOS_H
#define GUEST_KERNEL_DEV_CMOS_H

#include <stdint.h>

/* Seconds since 1970; the clock is taken to run in UTC. */
uint64_t cmos_seconds(void);

/* Has an interrupt come with each new second, by this pin of the I/O APIC. */
#define CMOS_IRQ 8
void cmos_interrupt_enable(void);
/* To be called for each: else no other comes. */
void cmos_interrupt_done(void);

#endif

/* SPDX-License-Identifier: MIT
 *
 * The CMOS clock: the date, and an interrupt when it changes. Its ports are not
 * locked: only the boot CPU reads it.
 */
#ifndef HYPERVISOR_X86_CMOS_H
#define HYPERVISOR_X86_CMOS_H

#include <stdint.h>

/* The pin of the I/O APIC that its interrupt comes by. */
#define CMOS_PIN 8

/* Seconds since 1970; 0 when there is no clock that shows a date and keeps it
 * for as long as it takes to read it. */
uint64_t cmos_seconds(void);

/* Has an interrupt come with each new second. */
void cmos_interrupt_enable(void);

/* To be called for each: else no other comes. */
void cmos_interrupt_done(void);

#endif

/* SPDX-License-Identifier: MIT
 *
 * The local APIC of each CPU and the I/O APIC (APM 2, chapter 16; Intel
 * 82093AA data sheet).
 */
#ifndef HYPERVISOR_X86_APIC_H
#define HYPERVISOR_X86_APIC_H

#include <stdint.h>

#include "lib/x86/ioapic.h"

/* Where the registers at these addresses are mapped; once, on the boot CPU. */
void apic_init(volatile void *local_apic, volatile void *io_apic);

/* Turns on the calling CPU's local APIC. */
void apic_start(void);

uint32_t apic_id(void);

void apic_end_of_interrupt(void);

/* One-shot timer of this CPU, in timer ticks of 16 bus clocks; 0 stops it. */
void apic_timer_set(uint32_t ticks);
uint32_t apic_timer_remaining(void);

/* A fixed interrupt to another CPU. */
void apic_send(uint32_t target_apic_id, uint8_t vector);

/* The start-up sequence of another CPU (APM 2, 16.3.4). */
void apic_send_init(uint32_t target_apic_id);
void apic_send_startup(uint32_t target_apic_id, uint32_t paddr);

/* An NMI to all others, for the panic. Does nothing before apic_init(). */
void apic_stop_others(void);

/* Sends an edge-triggered ISA interrupt to a CPU. */
void ioapic_route(unsigned int pin, uint8_t vector, uint32_t target_apic_id);

/*
 * Sends a level-triggered one, and masks its pin. Whoever calls these when
 * others run sees to it that only one CPU does.
 */
void ioapic_route_level(unsigned int pin, uint8_t vector,
                        uint32_t target_apic_id);
void ioapic_mask_level(unsigned int pin, uint8_t vector);

#endif

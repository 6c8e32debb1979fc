/* SPDX-License-Identifier: MIT */
#include "hypervisor/x86/apic.h"

#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/layout.h"
#include "lib/x86/ioapic.h"
#include "lib/x86/lapic.h"

static volatile uint32_t *apic;
static volatile uint32_t *ioapic;

static uint32_t apic_read(unsigned int offset)
{
    return apic[offset / 4];
}

static void apic_write(unsigned int offset, uint32_t value)
{
    apic[offset / 4] = value;
}

void apic_init(volatile void *local_apic, volatile void *io_apic)
{
    apic = local_apic;
    ioapic = io_apic;
}

void apic_start(void)
{
    apic_write(LAPIC_TASK_PRIORITY, 0);
    apic_write(LAPIC_SPURIOUS, LAPIC_SPURIOUS_ENABLE | VECTOR_SPURIOUS);
    apic_write(LAPIC_LVT_LINT0, LAPIC_LVT_MASKED);
    apic_write(LAPIC_LVT_LINT1, LAPIC_LVT_NMI);
    apic_write(LAPIC_TIMER_DIVIDE, LAPIC_DIVIDE_BY_16);
    apic_write(LAPIC_LVT_TIMER, VECTOR_TIMER);
}

uint32_t apic_id(void)
{
    return apic_read(LAPIC_ID) >> 24;
}

void apic_end_of_interrupt(void)
{
    apic_write(LAPIC_END_OF_INTERRUPT, 0);
}

void apic_timer_set(uint32_t ticks)
{
    apic_write(LAPIC_TIMER_INITIAL, ticks);
}

uint32_t apic_timer_remaining(void)
{
    return apic_read(LAPIC_TIMER_CURRENT);
}

static void send(uint32_t target, uint32_t command)
{
    apic_write(LAPIC_ICR_HIGH, target << 24);
    apic_write(LAPIC_ICR_LOW, command);
    while (apic_read(LAPIC_ICR_LOW) & LAPIC_ICR_PENDING)
        cpu_relax();
}

void apic_send(uint32_t target_apic_id, uint8_t vector)
{
    send(target_apic_id, LAPIC_ICR_ASSERT | vector);
}

void apic_send_init(uint32_t target_apic_id)
{
    send(target_apic_id, LAPIC_ICR_ASSERT | LAPIC_ICR_INIT);
}

void apic_send_startup(uint32_t target_apic_id, uint32_t paddr)
{
    send(target_apic_id, LAPIC_ICR_ASSERT | LAPIC_ICR_STARTUP | paddr >> 12);
}

void apic_stop_others(void)
{
    if (apic)
        send(0, LAPIC_ICR_ALL_BUT_SELF | LAPIC_ICR_ASSERT | LAPIC_ICR_NMI);
}

void ioapic_route(unsigned int pin, uint8_t vector, uint32_t target_apic_id)
{
    ioapic_set_route(ioapic, pin, vector, target_apic_id);
}

void ioapic_route_level(unsigned int pin, uint8_t vector,
                        uint32_t target_apic_id)
{
    ioapic_write(ioapic, IOAPIC_ROUTE_HIGH(pin), target_apic_id << 24);
    ioapic_write(ioapic, IOAPIC_ROUTE_LOW(pin), IOAPIC_LEVEL | vector);
}

void ioapic_mask_level(unsigned int pin, uint8_t vector)
{
    ioapic_write(ioapic, IOAPIC_ROUTE_LOW(pin),
                 IOAPIC_MASKED | IOAPIC_LEVEL | vector);
}

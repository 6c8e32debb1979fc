/* SPDX-License-Identifier: MIT */
#include "hypervisor/x86/apic.h"

#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/layout.h"

/* Register offsets (APM 2, table 16-2). */
#define APIC_ID 0x20
#define APIC_TPR 0x80
#define APIC_EOI 0xb0
#define APIC_SVR 0xf0
#define APIC_ICR_LOW 0x300
#define APIC_ICR_HIGH 0x310
#define APIC_LVT_TIMER 0x320
#define APIC_LVT_LINT0 0x350
#define APIC_LVT_LINT1 0x360
#define APIC_TIMER_INITIAL 0x380
#define APIC_TIMER_CURRENT 0x390
#define APIC_TIMER_DIVIDE 0x3e0

#define SVR_ENABLE 0x100
#define LVT_MASKED 0x10000
#define LVT_NMI 0x400
#define DIVIDE_BY_16 0x3
#define ICR_NMI 0x400
#define ICR_INIT 0x500
#define ICR_STARTUP 0x600
#define ICR_PENDING 0x1000
#define ICR_ASSERT 0x4000
#define ICR_ALL_BUT_SELF 0xc0000

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
    apic_write(APIC_TPR, 0);
    apic_write(APIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
    apic_write(APIC_LVT_LINT0, LVT_MASKED);
    apic_write(APIC_LVT_LINT1, LVT_NMI);
    apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_16);
    apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
}

uint32_t apic_id(void)
{
    return apic_read(APIC_ID) >> 24;
}

void apic_end_of_interrupt(void)
{
    apic_write(APIC_EOI, 0);
}

void apic_timer_set(uint32_t ticks)
{
    apic_write(APIC_TIMER_INITIAL, ticks);
}

uint32_t apic_timer_remaining(void)
{
    return apic_read(APIC_TIMER_CURRENT);
}

static void send(uint32_t target, uint32_t command)
{
    apic_write(APIC_ICR_HIGH, target << 24);
    apic_write(APIC_ICR_LOW, command);
    while (apic_read(APIC_ICR_LOW) & ICR_PENDING)
        cpu_relax();
}

void apic_send(uint32_t target_apic_id, uint8_t vector)
{
    send(target_apic_id, ICR_ASSERT | vector);
}

void apic_send_init(uint32_t target_apic_id)
{
    send(target_apic_id, ICR_ASSERT | ICR_INIT);
}

void apic_send_startup(uint32_t target_apic_id, uint32_t paddr)
{
    send(target_apic_id, ICR_ASSERT | ICR_STARTUP | paddr >> 12);
}

void apic_stop_others(void)
{
    if (apic)
        send(0, ICR_ALL_BUT_SELF | ICR_ASSERT | ICR_NMI);
}

static void ioapic_write(uint32_t index, uint32_t value)
{
    ioapic[0] = index;
    ioapic[4] = value;
}

void ioapic_route(unsigned int pin, uint8_t vector, uint32_t target_apic_id)
{
    ioapic_write(0x11 + 2 * pin, target_apic_id << 24);
    ioapic_write(0x10 + 2 * pin, vector);
}

/* SPDX-License-Identifier: MIT */
#include "guest-kernel/dev/lapic.h"

#include "guest-kernel/mm/layout.h"
#include "lib/x86/lapic.h"
#include "lib/x86/msr.h"

static volatile uint32_t *reg(uint32_t offset)
{
    return (volatile uint32_t *)((char *)direct_map(LAPIC_PADDR) + offset);
}

void lapic_init(uint8_t timer_vector, uint8_t spurious_vector)
{
    wrmsr(MSR_APIC_BASE, LAPIC_PADDR | APIC_BASE_ENABLE |
                             (rdmsr(MSR_APIC_BASE) & (LAPIC_PADDR - 1)));
    *reg(LAPIC_TASK_PRIORITY) = 0;
    *reg(LAPIC_LVT_LINT0) = LAPIC_LVT_MASKED;
    *reg(LAPIC_LVT_LINT1) = LAPIC_LVT_MASKED;
    *reg(LAPIC_LVT_ERROR) = LAPIC_LVT_MASKED;
    *reg(LAPIC_SPURIOUS) = LAPIC_SPURIOUS_ENABLE | spurious_vector;
    *reg(LAPIC_TIMER_DIVIDE) = LAPIC_DIVIDE_BY_16;
    *reg(LAPIC_TIMER_INITIAL) = 0;
    *reg(LAPIC_LVT_TIMER) = timer_vector;
}

void lapic_end_of_interrupt(void)
{
    *reg(LAPIC_END_OF_INTERRUPT) = 0;
}

void lapic_timer_start(uint32_t counts)
{
    *reg(LAPIC_TIMER_INITIAL) = counts;
}

uint32_t lapic_timer_count(void)
{
    return UINT32_MAX - *reg(LAPIC_TIMER_CURRENT);
}

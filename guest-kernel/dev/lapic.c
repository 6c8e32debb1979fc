/* SPDX-License-Identifier: MIT
 *
 * The local APIC's registers (APM 2, section 16.3).
 */
#include "guest-kernel/dev/lapic.h"

#include "guest-kernel/mm/layout.h"
#include "lib/x86/msr.h"

#define REG_TASK_PRIORITY 0x80
#define REG_END_OF_INTERRUPT 0xb0
#define REG_SPURIOUS 0xf0
#define REG_LVT_TIMER 0x320
#define REG_LVT_LINT0 0x350
#define REG_LVT_LINT1 0x360
#define REG_LVT_ERROR 0x370
#define REG_TIMER_INITIAL 0x380
#define REG_TIMER_CURRENT 0x390
#define REG_TIMER_DIVIDE 0x3e0

#define LVT_MASKED 0x10000u
#define SPURIOUS_ENABLE 0x100u
#define DIVIDE_BY_16 0x3u

static volatile uint32_t *reg(uint32_t offset)
{
    return (volatile uint32_t *)((char *)direct_map(LAPIC_PADDR) + offset);
}

void lapic_init(uint8_t timer_vector, uint8_t spurious_vector)
{
    wrmsr(MSR_APIC_BASE, LAPIC_PADDR | APIC_BASE_ENABLE |
                             (rdmsr(MSR_APIC_BASE) & (LAPIC_PADDR - 1)));
    *reg(REG_TASK_PRIORITY) = 0;
    *reg(REG_LVT_LINT0) = LVT_MASKED;
    *reg(REG_LVT_LINT1) = LVT_MASKED;
    *reg(REG_LVT_ERROR) = LVT_MASKED;
    *reg(REG_SPURIOUS) = SPURIOUS_ENABLE | spurious_vector;
    *reg(REG_TIMER_DIVIDE) = DIVIDE_BY_16;
    *reg(REG_TIMER_INITIAL) = 0;
    *reg(REG_LVT_TIMER) = timer_vector;
}

void lapic_end_of_interrupt(void)
{
    *reg(REG_END_OF_INTERRUPT) = 0;
}

void lapic_timer_start(uint32_t counts)
{
    *reg(REG_TIMER_INITIAL) = counts;
}

uint32_t lapic_timer_count(void)
{
    return UINT32_MAX - *reg(REG_TIMER_CURRENT);
}

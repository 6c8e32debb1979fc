/* SPDX-License-Identifier: MIT
 *
 * Owns the calibration. Sources: Intel 8254 data sheet (PIT), Motorola
 * MC146818A data sheet (CMOS clock), APM 2 section 16.4.1 (APIC timer).
 */
#include "hypervisor/x86/time.h"

#include <stdbool.h>

#include "hypervisor/x86/apic.h"
#include "hypervisor/x86/calendar.h"
#include "hypervisor/x86/cpu.h"
#include "lib/macros.h"

#define PIT_HZ 1193182ul
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND 0x43
#define PIT_MODE0_CHANNEL2 0xb0
#define PIT_LATCH_CHANNEL2 0x80
#define PORT_B 0x61
#define PORT_B_GATE2 0x01
#define PORT_B_SPEAKER 0x02
#define PORT_B_OUT2 0x20
#define PIT_START 0xffffu
#define PIT_MINIMUM (PIT_HZ / 200) /* 5 ms */

#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71
#define CMOS_A 10
#define CMOS_A_UPDATING 0x80
#define CMOS_B 11

#define NS_PER_S 1000000000ul

static uint64_t tsc_at_begin;
static uint64_t tsc_hz;
static uint64_t multiplier;
static uint64_t apic_hz;
static uint64_t wall_offset_ns;

void time_calibrate_begin(void)
{
    uint8_t port_b = inb(PORT_B);

    outb(PORT_B, (uint8_t)((port_b & ~PORT_B_SPEAKER) | PORT_B_GATE2));
    outb(PIT_COMMAND, PIT_MODE0_CHANNEL2);
    outb(PIT_CHANNEL2, PIT_START & 0xff);
    outb(PIT_CHANNEL2, PIT_START >> 8);
    apic_timer_set(UINT32_MAX);
    tsc_at_begin = rdtsc();
}

/* How many PIT ticks are over since begin. */
static uint64_t pit_elapsed(void)
{
    unsigned int now;

    outb(PIT_COMMAND, PIT_LATCH_CHANNEL2);
    now = inb(PIT_CHANNEL2);
    now |= (unsigned int)inb(PIT_CHANNEL2) << 8;
    return PIT_START - now;
}

static bool pit_overflowed(void)
{
    return inb(PORT_B) & PORT_B_OUT2;
}

static uint8_t cmos_read(uint8_t index)
{
    outb(CMOS_INDEX, index);
    return inb(CMOS_DATA);
}

/* Seconds since 1970; 0 when there is no clock that shows a date. */
static uint64_t cmos_seconds(void)
{
    struct calendar_registers r;

    do {
        for (int i = 0; i < 10000 && (cmos_read(CMOS_A) & CMOS_A_UPDATING); i++)
            cpu_relax();
        r.mode = cmos_read(CMOS_B);
        r.second = cmos_read(0);
        r.minute = cmos_read(2);
        r.hour = cmos_read(4);
        r.day = cmos_read(7);
        r.month = cmos_read(8);
        r.year = cmos_read(9);
    } while (cmos_read(0) != r.second);
    return calendar_seconds(&r);
}

void time_calibrate_end(void)
{
    uint64_t elapsed;
    uint64_t tsc;
    uint64_t apic_ticks;

    if (pit_overflowed())
        time_calibrate_begin();
    do {
        elapsed = pit_elapsed();
    } while (elapsed < PIT_MINIMUM);
    tsc = rdtsc();
    apic_ticks = UINT32_MAX - apic_timer_remaining();
    apic_timer_set(0);
    tsc_hz = (tsc - tsc_at_begin) * PIT_HZ / elapsed;
    apic_hz = apic_ticks * PIT_HZ / elapsed;
    multiplier = (uint64_t)(((unsigned __int128)NS_PER_S << 32) / tsc_hz);
    wall_offset_ns = cmos_seconds() * NS_PER_S - time_now_ns();
}

uint64_t time_now_ns(void)
{
    return (uint64_t)((unsigned __int128)rdtsc() * multiplier >> 32);
}

uint64_t time_tsc_hz(void)
{
    return tsc_hz;
}

uint64_t time_multiplier(void)
{
    return multiplier;
}

uint64_t time_wall_offset_ns(void)
{
    return wall_offset_ns;
}

void time_set_timer(uint64_t deadline_ns)
{
    uint64_t now = time_now_ns();
    uint64_t wait;

    if (deadline_ns == 0) {
        apic_timer_set(0);
        return;
    }
    /* At most a second, so that no product overflows; it is set again then. */
    wait = deadline_ns > now ? MIN(deadline_ns - now, NS_PER_S) : 0;
    apic_timer_set((uint32_t)(wait * apic_hz / NS_PER_S) + 1);
}

void time_delay_us(uint64_t us)
{
    uint64_t end = time_now_ns() + us * 1000;

    while (time_now_ns() < end)
        cpu_relax();
}

/* SPDX-License-Identifier: MIT
 *
 * Owns the calibration. Sources: Intel 8254 data sheet (PIT), Motorola
 * MC146818A data sheet (CMOS clock), APM 2 section 16.4.1 (APIC timer).
 */
#include "hypervisor/x86/time.h"

#include <stdbool.h>

#include "hypervisor/core/panic.h"
#include "hypervisor/x86/apic.h"
#include "hypervisor/x86/calendar.h"
#include "hypervisor/x86/cpu.h"
#include "lib/macros.h"

#define PIT_HZ 1193182ul
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND 0x43
#define PIT_MODE0_CHANNEL2 0xb0
#define PIT_LATCH_CHANNEL2 0x80
#define PIT_STATUS_CHANNEL2 0xe8 /* read back: the status only */
#define PIT_STATUS_OUT 0x80
#define PORT_B 0x61
#define PORT_B_GATE2 0x01
#define PORT_B_SPEAKER 0x02
#define PIT_START 0xffffu
#define MOMENT_ATTEMPTS 5
#define END_ATTEMPTS 100
#define PIT_MINIMUM (PIT_HZ / 200) /* 5 ms */

#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71
#define CMOS_A 10
#define CMOS_A_UPDATING 0x80
#define CMOS_B 11

#define NS_PER_S 1000000000ul

/* The time stamp counter, ticks of the PIT since its start, and what the APIC
 * timer has left, all at once. */
struct moment {
    uint64_t tsc;
    uint64_t pit;
    uint64_t apic;
};

static struct moment begin;
static uint64_t tsc_hz;
static uint64_t multiplier;
static uint64_t apic_hz;
static uint64_t wall_offset_ns;

/* How many PIT ticks are over since it was started. */
static uint64_t pit_elapsed(void)
{
    unsigned int now;

    outb(PIT_COMMAND, PIT_LATCH_CHANNEL2);
    now = inb(PIT_CHANNEL2);
    now |= (unsigned int)inb(PIT_CHANNEL2) << 8;
    return PIT_START - now;
}

/*
 * The three clocks at one moment. The machine may be stopped between the reads
 * (in QEMU: whenever the host has other things to do), so of some attempts the
 * quickest is taken.
 */
static struct moment read_moment(void)
{
    struct moment best = {0};
    uint64_t best_gap = UINT64_MAX;

    for (int i = 0; i < MOMENT_ATTEMPTS; i++) {
        uint64_t before = rdtsc();
        uint64_t pit = pit_elapsed();
        uint32_t apic = apic_timer_remaining();
        uint64_t gap = rdtsc() - before;

        if (gap < best_gap) {
            best_gap = gap;
            best.tsc = before + gap / 2;
            best.pit = pit;
            best.apic = apic;
        }
    }
    return best;
}

void time_calibrate_begin(void)
{
    uint8_t port_b = inb(PORT_B);

    outb(PORT_B, (uint8_t)((port_b & ~PORT_B_SPEAKER) | PORT_B_GATE2));
    outb(PIT_COMMAND, PIT_MODE0_CHANNEL2);
    outb(PIT_CHANNEL2, PIT_START & 0xff);
    outb(PIT_CHANNEL2, PIT_START >> 8);
    apic_timer_set(UINT32_MAX);
    begin = read_moment();
}

/*
 * Whether the count has come to 0 since the start. By the read-back command:
 * QEMU's microvm has no port B, which would show the output too.
 */
static bool pit_overflowed(void)
{
    outb(PIT_COMMAND, PIT_STATUS_CHANNEL2);
    return inb(PIT_CHANNEL2) & PIT_STATUS_OUT;
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

/*
 * The moment when enough has passed since begin. The PIT counts for 55 ms; when
 * that was over before we looked, it begins anew, so often as is reasonable.
 */
static struct moment wait_for_end(void)
{
    struct moment end;

    for (int i = 0; i < END_ATTEMPTS; i++) {
        do {
            end = read_moment();
        } while (!pit_overflowed() && end.pit - begin.pit < PIT_MINIMUM);
        if (!pit_overflowed())
            return end;
        time_calibrate_begin();
    }
    boot_refuse("the PIT gave no 5 ms in %d attempts: expected a machine that "
                "is not stopped so often, or a PIT that counts",
                END_ATTEMPTS);
}

void time_calibrate_end(void)
{
    struct moment end = wait_for_end();
    uint64_t elapsed = end.pit - begin.pit;

    apic_timer_set(0);
    tsc_hz = (end.tsc - begin.tsc) * PIT_HZ / elapsed;
    apic_hz = (begin.apic - end.apic) * PIT_HZ / elapsed;
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

/* SPDX-License-Identifier: MIT
 *
 * Owns the clock: what it was at the boot, and what later looks at the PIT and
 * the CMOS clock make of it (lib/clock.h). Sources: Intel 8254 data sheet
 * (PIT), APM 2 section 16.4.1 (APIC timer).
 */
#include "hypervisor/base/time.h"

#include <stdbool.h>

#include "hypervisor/base/log.h"
#include "hypervisor/base/panic.h"
#include "hypervisor/x86/apic.h"
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/layout.h"
#include "lib/macros.h"
#include "lib/x86/cmos.h"
#include "lib/x86/pit.h"

#define PIT_HZ CLOCK_PIT_HZ
#define PIT_RULER 2u /* the counter that is used; port B has its gate */
#define PORT_B 0x61
#define PORT_B_GATE2 0x01
#define PORT_B_SPEAKER 0x02
#define MOMENT_ATTEMPTS 5
#define END_ATTEMPTS 100
#define LOOK_INTERVAL 50000        /* rounds; tens of microseconds */
#define PIT_MINIMUM (PIT_HZ / 200) /* 5 ms */
/* How wrong the boot's measurement may be, at most: 1 part in 100. */
#define PPB 1000000000ul
#define BOOT_ERROR_PPB 10000000ul
/* A CPU may have read the old line, and use it for this part of a second. */
#define ADOPT_GUARD 64

#define NS_PER_S CLOCK_NS_PER_S

/* The time stamp counter, ticks of the PIT since its start, and what the APIC
 * timer has left, all at once. */
struct moment {
    uint64_t tsc;
    uint64_t pit;
    uint64_t apic;
    uint64_t width; /* ticks that it took to read them */
};

/*
 * A line stays as it is for as many changes as there are lines, of which one
 * comes in a second at most: longer than any CPU takes to read it.
 */
static struct clock_line lines[8];
static unsigned int nr_bends;
const struct clock_line *time_line = lines;

static struct moment begin;
static uint64_t apic_ticks_per_ns; /* 32.32 fixed point */
static struct clock_rate rate;
static struct clock_wall wall;

static uint64_t pit_elapsed(void)
{
    pit_counter_latch(PIT_RULER);
    return pit_counter_latched(PIT_RULER);
}

/*
 * The three clocks at one moment. The machine may be stopped between the reads
 * (in QEMU: whenever the host has other things to do), so of some attempts the
 * quickest is taken.
 */
static struct moment read_moment(void)
{
    struct moment best = {.width = UINT64_MAX};

    for (int i = 0; i < MOMENT_ATTEMPTS; i++) {
        uint64_t before = rdtsc();
        uint64_t pit = pit_elapsed();
        uint32_t apic = apic_timer_remaining();
        uint64_t width = rdtsc() - before;

        if (width < best.width) {
            best.width = width;
            best.tsc = before + width / 2;
            best.pit = pit;
            best.apic = apic;
        }
    }
    return best;
}

/* Counter and PIT, likewise. The PIT is read when it is told to latch. */
static struct clock_sample read_sample(void)
{
    struct clock_sample best = {.width = UINT64_MAX};

    for (int i = 0; i < MOMENT_ATTEMPTS; i++) {
        struct clock_sample sample = {.tsc = rdtsc()};

        pit_counter_latch(PIT_RULER);
        sample.width = rdtsc() - sample.tsc;
        sample.tsc += sample.width / 2;
        sample.pit = pit_counter_latched(PIT_RULER);
        if (sample.width < best.width)
            best = sample;
    }
    return best;
}

void time_calibrate_begin(void)
{
    uint8_t port_b = inb(PORT_B);

    outb(PORT_B, (uint8_t)((port_b & ~PORT_B_SPEAKER) | PORT_B_GATE2));
    pit_counter_start(PIT_RULER);
    apic_timer_set(UINT32_MAX);
    begin = read_moment();
}

static bool is_enough(const struct moment *end)
{
    return end->pit - begin.pit >= PIT_MINIMUM &&
           (begin.width + end->width) * (PPB / BOOT_ERROR_PPB / 2) <=
               end->tsc - begin.tsc;
}

/*
 * Some time, without a look at a device: QEMU leaves the guest's code for each.
 * Nor is it asked to stop the CPU for a moment, as cpu_relax() would: where
 * instructions are the clock, as many would be needed again.
 */
static void pass_time(void)
{
    for (int i = 0; i < LOOK_INTERVAL; i++)
        __asm__ volatile("");
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
            pass_time();
            end = read_moment();
        } while (!pit_counter_is_over(PIT_RULER) && !is_enough(&end));
        if (!pit_counter_is_over(PIT_RULER))
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
    uint64_t tsc_hz = (end.tsc - begin.tsc) * PIT_HZ / elapsed;
    uint64_t apic_hz = (begin.apic - end.apic) * PIT_HZ / elapsed;
    struct clock_sample sample = read_sample();
    uint64_t seconds;

    apic_timer_set(0);
    apic_ticks_per_ns = (apic_hz << 32) / NS_PER_S;
    lines[0].multiplier = (NS_PER_S << 32) / tsc_hz;
    clock_rate_start(&rate, lines[0].multiplier, BOOT_ERROR_PPB, &sample);
    seconds = cmos_seconds();
    clock_wall_start(&wall, seconds, time_now_ns());
}

uint64_t time_tsc_hz(void)
{
    return clock_rate_hz(&rate);
}

uint64_t time_wall_offset_ns(void)
{
    return wall.offset_ns;
}

void time_follow(void)
{
    if (cmos_seconds() == 0) {
        log_warn("the CMOS clock shows no date: the clock stays as it is");
        return;
    }
    ioapic_route(CMOS_PIN, VECTOR_CMOS, apic_id());
    cmos_interrupt_enable();
}

/* Says what is new; a stop of the machine is seen here, too. */
static void report(uint64_t old_offset_ns)
{
    int64_t step = (int64_t)(wall.offset_ns - old_offset_ns);

    log_debug("clock: %lu Hz, at most %lu ppb off; wall clock moved by %ld us",
              clock_rate_hz(&rate), rate.error_ppb, step / 1000);
}

bool time_look(void)
{
    struct clock_sample sample = read_sample();
    uint64_t old_offset_ns = wall.offset_ns;
    uint64_t before_ns, seconds;
    bool moved = false, bent;

    /* First: an edge that comes from here on has an interrupt of its own. */
    cmos_interrupt_done();
    before_ns = time_now_ns();
    seconds = cmos_seconds();
    if (seconds != 0)
        moved = clock_wall_add(&wall, seconds, before_ns, time_now_ns());
    bent = clock_rate_add(&rate, &sample);
    if (moved || bent)
        report(old_offset_ns);
    return moved || bent;
}

void time_adopt(void)
{
    const struct clock_line *old = time_line;
    struct clock_line *new;

    if (rate.multiplier == old->multiplier)
        return;
    new = &lines[++nr_bends % ARRAY_SIZE(lines)];
    *new = clock_line_bend(old, rate.multiplier, rdtsc(),
                           time_tsc_hz() / ADOPT_GUARD);
    __atomic_store_n(&time_line, new, __ATOMIC_RELEASE);
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
    apic_timer_set((uint32_t)(wait * apic_ticks_per_ns >> 32) + 1);
}

void time_delay_us(uint64_t us)
{
    uint64_t end = time_now_ns() + us * 1000;

    while (time_now_ns() < end)
        cpu_relax();
}

/* SPDX-License-Identifier: MIT
 *
 * The native clock is the time stamp counter, the timer is the local APIC's;
 * both are measured against the 8254, whose frequency is known. The time of
 * day comes from the CMOS clock. With each of its seconds both are known better
 * (lib/clock.h).
 */
#include "guest-kernel/core/irq.h"
#include "guest-kernel/dev/ioapic.h"
#include "guest-kernel/dev/lapic.h"
#include "guest-kernel/dev/pit.h"
#include "guest-kernel/privops/native/native.h"
#include "guest-kernel/privops/privops.h"
#include "lib/clock.h"
#include "lib/macros.h"
#include "lib/x86/cmos.h"
#include "lib/x86/tsc.h"

#define NS_PER_SECOND CLOCK_NS_PER_S
#define MEASURED_NS 10000000ul
#define MAX_ERROR 200 /* 1 part in so many */
#define MAX_TRIES 8   /* then it is good enough */
/* How wrong it can be then. */
#define BOOT_ERROR_PPB 10000000ul
#define SAMPLE_TRIES 5
/* For this part of a second somebody who was interrupted may use the old line.
 */
#define ADOPT_GUARD 64

/* The clock runs on one of them, and changes to the other at most once a
 * second. */
static struct clock_line lines[2];
static const struct clock_line *line = lines;

static uint64_t counts_per_ns; /* of the APIC timer, 32.32 fixed point */
static struct clock_rate rate;
static struct clock_wall wall;

/* One reading of all clocks; the time stamp is that of its middle. */
struct reading {
    uint64_t tsc;
    uint64_t ns;
    uint32_t counts;
    uint64_t duration; /* in ticks of the time stamp counter */
};

static bool read_clocks(struct reading *reading)
{
    uint64_t before = rdtsc();
    bool valid = pit_elapsed(&reading->ns);

    reading->counts = lapic_timer_count();
    reading->duration = rdtsc() - before;
    reading->tsc = before + reading->duration / 2;
    return valid;
}

/* False when the ruler was too short: the host has run something else. */
static bool measure(struct reading *first, struct reading *last)
{
    pit_start();
    if (!read_clocks(first))
        return false;
    do {
        if (!read_clocks(last))
            return false;
    } while (last->ns < first->ns + MEASURED_NS);
    return true;
}

/* Whether the readings were quick, so that their middles are exact. */
static bool is_exact(const struct reading *first, const struct reading *last)
{
    return (first->duration + last->duration) * MAX_ERROR <
           last->tsc - first->tsc;
}

/* Counter and PIT: of some attempts the quickest. */
static struct clock_sample read_sample(void)
{
    struct clock_sample best = {.width = UINT64_MAX};

    for (int i = 0; i < SAMPLE_TRIES; i++) {
        struct clock_sample sample = {.tsc = rdtsc()};

        pit_latch();
        sample.width = rdtsc() - sample.tsc;
        sample.tsc += sample.width / 2;
        sample.pit = pit_latched();
        if (sample.width < best.width)
            best = sample;
    }
    return best;
}

static void start_clocks(uint64_t tsc_base, uint64_t ns_per_tick)
{
    struct clock_sample sample = read_sample();
    uint64_t seconds;

    lines[0].multiplier = ns_per_tick;
    lines[0].offset = -clock_scale(tsc_base, ns_per_tick);
    clock_rate_start(&rate, ns_per_tick, BOOT_ERROR_PPB, &sample);
    seconds = cmos_seconds();
    clock_wall_start(&wall, seconds, privops_clock_ns());
}

void native_time_init(void)
{
    struct reading first, last;
    unsigned int tries = MAX_TRIES;
    uint64_t tsc_base, ns;

    lapic_init(VECTOR_TIMER, VECTOR_SPURIOUS);
    tsc_base = rdtsc();
    lapic_timer_start(UINT32_MAX);
    do {
        while (!measure(&first, &last))
            ;
    } while (!is_exact(&first, &last) && --tries > 0);
    lapic_timer_start(0);
    ns = last.ns - first.ns;
    counts_per_ns = ((uint64_t)(last.counts - first.counts) << 32) / ns;
    start_clocks(tsc_base, (ns << 32) / (last.tsc - first.tsc));
}

/* To a line with the new multiplier, without a step back. */
static void change_line(void)
{
    struct clock_line *other = &lines[line == lines];

    *other = clock_line_bend(line, rate.multiplier, rdtsc(),
                             clock_rate_hz(&rate) / ADOPT_GUARD);
    __atomic_store_n(&line, other, __ATOMIC_RELEASE);
}

/* The CMOS clock's interrupt, once a second. */
static void follow(void *unused)
{
    struct clock_sample sample = read_sample();
    uint64_t before_ns, seconds;

    (void)unused;
    /* First: an edge that comes from here on has an interrupt of its own. */
    cmos_interrupt_done();
    before_ns = privops_clock_ns();
    seconds = cmos_seconds();
    if (seconds != 0)
        (void)clock_wall_add(&wall, seconds, before_ns, privops_clock_ns());
    if (clock_rate_add(&rate, &sample))
        change_line();
}

void privops_clock_follow(void)
{
    irq_bind(VECTOR_CMOS, follow, NULL);
    ioapic_route(CMOS_PIN, VECTOR_CMOS);
    cmos_interrupt_enable();
}

uint64_t privops_clock_ns(void)
{
    return clock_line_ns(__atomic_load_n(&line, __ATOMIC_ACQUIRE), rdtsc());
}

uint64_t privops_wall_ns(void)
{
    return wall.offset_ns + privops_clock_ns();
}

uint64_t privops_stolen_ns(void)
{
    return 0;
}

uint64_t privops_tick_hz(void)
{
    return clock_rate_hz(&rate);
}

void privops_timer_set(uint64_t deadline_ns)
{
    uint64_t now = privops_clock_ns(), counts;

    counts =
        deadline_ns > now ? clock_scale(deadline_ns - now, counts_per_ns) : 0;
    /* Later than the timer can count to: it fires early, as is allowed. */
    lapic_timer_start((uint32_t)MIN(MAX(counts, 1ul), (uint64_t)UINT32_MAX));
}

/* SPDX-License-Identifier: MIT
 *
 * The native clock is the time stamp counter, the timer is the local APIC's;
 * both are measured against the 8254, whose frequency is known. The time of
 * day is read once from the CMOS clock.
 */
#include "guest-kernel/dev/cmos.h"
#include "guest-kernel/dev/lapic.h"
#include "guest-kernel/dev/pit.h"
#include "guest-kernel/privops/native/cpu.h"
#include "guest-kernel/privops/native/native.h"
#include "guest-kernel/privops/privops.h"
#include "lib/macros.h"

#define NS_PER_SECOND 1000000000ul
#define MEASURED_NS 10000000ul
#define MAX_ERROR 200 /* 1 part in so many */
#define MAX_TRIES 8   /* then it is good enough */

static uint64_t tsc_base;
static uint64_t ns_per_tick;   /* 32.32 fixed point */
static uint64_t counts_per_ns; /* of the APIC timer, 32.32 fixed point */
static uint64_t wall_base_ns;

/* value * factor, the factor in 32.32 fixed point; 128 bits in between. */
static uint64_t scale(uint64_t value, uint64_t factor)
{
    return (uint64_t)((unsigned __int128)value * factor >> 32);
}

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

void native_time_init(void)
{
    struct reading first, last;
    unsigned int tries = MAX_TRIES;
    uint64_t ns;

    lapic_init(VECTOR_TIMER, VECTOR_SPURIOUS);
    tsc_base = rdtsc();
    lapic_timer_start(UINT32_MAX);
    do {
        while (!measure(&first, &last))
            ;
    } while (!is_exact(&first, &last) && --tries > 0);
    lapic_timer_start(0);
    ns = last.ns - first.ns;
    ns_per_tick = (ns << 32) / (last.tsc - first.tsc);
    counts_per_ns = ((uint64_t)(last.counts - first.counts) << 32) / ns;
    wall_base_ns = cmos_seconds() * NS_PER_SECOND - privops_clock_ns();
}

uint64_t privops_clock_ns(void)
{
    return scale(rdtsc() - tsc_base, ns_per_tick);
}

uint64_t privops_wall_ns(void)
{
    return wall_base_ns + privops_clock_ns();
}

void privops_timer_set(uint64_t deadline_ns)
{
    uint64_t now = privops_clock_ns(), counts;

    counts = deadline_ns > now ? scale(deadline_ns - now, counts_per_ns) : 0;
    /* Later than the timer can count to: it fires early, as is allowed. */
    lapic_timer_start((uint32_t)MIN(MAX(counts, 1ul), (uint64_t)UINT32_MAX));
}

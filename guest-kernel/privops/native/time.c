/* SPDX-License-Identifier: MIT
 *
 * The native clock is the time stamp counter, the timer is the local APIC's;
 * both are measured against the 8254, whose frequency is known. The time of
 * day is read once from the CMOS clock.
 */
#include "guest-kernel/dev/cmos.h"
#include "guest-kernel/dev/lapic.h"
#include "guest-kernel/dev/pit.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/privops/native/cpu.h"
#include "guest-kernel/privops/native/native.h"
#include "guest-kernel/privops/privops.h"

#define NS_PER_SECOND 1000000000ul

static uint64_t tsc_base;
static uint64_t ns_per_tick;   /* 32.32 fixed point */
static uint64_t counts_per_ns; /* of the APIC timer, 32.32 fixed point */
static uint64_t wall_base_ns;

/* value * factor, the factor in 32.32 fixed point; 128 bits in between. */
static uint64_t scale(uint64_t value, uint64_t factor)
{
    return (uint64_t)((unsigned __int128)value * factor >> 32);
}

void native_time_init(void)
{
    uint64_t tsc, ns;
    uint32_t counts;

    lapic_init(VECTOR_TIMER, VECTOR_SPURIOUS);
    lapic_timer_start(UINT32_MAX);
    tsc_base = rdtsc();
    ns = pit_wait();
    tsc = rdtsc() - tsc_base;
    counts = lapic_timer_count();
    ns_per_tick = (ns << 32) / tsc;
    counts_per_ns = ((uint64_t)counts << 32) / ns;
    lapic_timer_start(0);
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

    if (deadline_ns == 0) {
        lapic_timer_start(0);
        return;
    }
    counts = deadline_ns > now ? deadline_ns - now : 0;
    /* Later than the timer can count to: it fires early, as is allowed. */
    counts = counts < UINT32_MAX ? scale(counts, counts_per_ns) : UINT32_MAX;
    if (counts == 0)
        counts = 1;
    lapic_timer_start(counts < UINT32_MAX ? (uint32_t)counts : UINT32_MAX);
}

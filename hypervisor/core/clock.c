/* SPDX-License-Identifier: MIT
 *
 * Owns the clocks in the shared pages. A guest can write to its own: so nothing
 * is read from there, not even seq.
 */
#include "hypervisor/core/clock.h"

#include "hypervisor/base/time.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/x86/cpu.h"

/* Of all clocks; odd while they are written. Boot CPU only. */
static uint32_t seq;

/* What all of them tell. */
struct reading {
    uint64_t ns_base;
    uint64_t multiplier;
    uint64_t wall_offset_ns;
    uint64_t tsc_hz;
};

static struct reading read_clock(void)
{
    return (struct reading){
        .ns_base = time_line->offset,
        .multiplier = time_line->multiplier,
        .wall_offset_ns = time_wall_offset_ns(),
        .tsc_hz = time_tsc_hz(),
    };
}

static void fill(struct parapet_clock *clock, const struct reading *reading)
{
    clock->tsc_base = 0;
    clock->ns_base = reading->ns_base;
    clock->multiplier = reading->multiplier;
    clock->wall_offset_ns = reading->wall_offset_ns;
    clock->tsc_hz = reading->tsc_hz;
}

/*
 * All clocks may change meanwhile, on the boot CPU. It sees d or not, so this
 * begins anew then: some 20 instructions for each domain, once a second, are
 * waited for at most.
 */
void clock_fill(struct domain *d)
{
    struct reading reading;
    uint32_t now;

    do {
        while ((now = __atomic_load_n(&seq, __ATOMIC_SEQ_CST)) % 2)
            cpu_relax();
        reading = read_clock();
        fill(&d->shared->clock, &reading);
        __atomic_store_n(&d->shared->clock.seq, now, __ATOMIC_SEQ_CST);
    } while (__atomic_load_n(&seq, __ATOMIC_SEQ_CST) != now);
}

/* They are seen as stopped before any write after this. */
static void stop_all(uint32_t odd)
{
    struct domain *d;

    __atomic_store_n(&seq, odd, __ATOMIC_SEQ_CST);
    for_each_domain (d)
        __atomic_store_n(&d->shared->clock.seq, odd, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void start_all(uint32_t even)
{
    const struct reading reading = read_clock();
    struct domain *d;

    for_each_domain (d) {
        fill(&d->shared->clock, &reading);
        __atomic_store_n(&d->shared->clock.seq, even, __ATOMIC_RELEASE);
    }
    __atomic_store_n(&seq, even, __ATOMIC_SEQ_CST);
}

/*
 * All clocks are stopped first, and the hypervisor's own changes while they
 * are: so no vCPU can read the new time in one way and then the old one in
 * another. There may be 512 domains, in one interrupt: what they are told is
 * read once, and there are two walks.
 */
void clock_interrupt(void)
{
    uint32_t before = seq;

    if (!time_look())
        return;
    stop_all(before + 1);
    time_adopt();
    start_all(before + 2);
}

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

static void fill(struct parapet_clock *clock)
{
    clock->tsc_base = 0;
    clock->ns_base = time_line->offset;
    clock->multiplier = time_line->multiplier;
    clock->wall_offset_ns = time_wall_offset_ns();
    clock->tsc_hz = time_tsc_hz();
}

/*
 * All clocks may change meanwhile, on the boot CPU. It sees d or not, so this
 * begins anew then: some 20 instructions for each domain, once a second, are
 * waited for at most.
 */
void clock_fill(struct domain *d)
{
    uint32_t now;

    do {
        while ((now = __atomic_load_n(&seq, __ATOMIC_SEQ_CST)) % 2)
            cpu_relax();
        fill(&d->shared->clock);
        __atomic_store_n(&d->shared->clock.seq, now, __ATOMIC_SEQ_CST);
    } while (__atomic_load_n(&seq, __ATOMIC_SEQ_CST) != now);
}

/* Every write before is seen before seq, and none after is. */
static void set_seq(uint32_t value)
{
    struct domain *d;

    __atomic_store_n(&seq, value, __ATOMIC_SEQ_CST);
    for_each_domain (d)
        __atomic_store_n(&d->shared->clock.seq, value, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/*
 * All clocks are stopped first, and the hypervisor's own changes while they
 * are: so no vCPU can read the new time in one way and then the old one in
 * another.
 */
void clock_interrupt(void)
{
    struct domain *d;

    if (!time_look())
        return;
    set_seq(seq + 1);
    time_adopt();
    for_each_domain (d)
        fill(&d->shared->clock);
    set_seq(seq + 1);
}

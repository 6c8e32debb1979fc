/* SPDX-License-Identifier: MIT
 *
 * The clock in the shared page, read without an exit, and the virtual timer.
 */
#include "abi/stubs.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/privops/pv/pv.h"
#include "lib/macros.h"
#include "lib/x86/tsc.h"

/* As abi/shared.h says: start over when the hypervisor wrote meanwhile. */
static uint64_t read_clock(uint64_t *wall_offset_ns)
{
    volatile struct parapet_clock *clock = &pv_shared_page()->clock;
    uint64_t ns;
    uint32_t seq;

    do {
        do
            seq = __atomic_load_n(&clock->seq, __ATOMIC_ACQUIRE);
        while (seq & 1);
        ns = (uint64_t)((unsigned __int128)(rdtsc() - clock->tsc_base) *
                            clock->multiplier >>
                        32) +
             clock->ns_base;
        *wall_offset_ns = clock->wall_offset_ns;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while (clock->seq != seq);
    return ns;
}

uint64_t privops_clock_ns(void)
{
    uint64_t wall_offset_ns;

    return read_clock(&wall_offset_ns);
}

uint64_t privops_wall_ns(void)
{
    uint64_t wall_offset_ns, ns = read_clock(&wall_offset_ns);

    return ns + wall_offset_ns;
}

uint64_t privops_stolen_ns(void)
{
    return pv_vcpu_page()->stolen_ns;
}

uint64_t privops_tick_hz(void)
{
    return __atomic_load_n(&pv_shared_page()->clock.tsc_hz, __ATOMIC_RELAXED);
}

/* The hypervisor does it for all. */
void privops_clock_follow(void)
{
}

/* Zero would cancel the timer. */
void privops_timer_set(uint64_t deadline_ns)
{
    (void)hypercall_set_timer(MAX(deadline_ns, 1ul));
}

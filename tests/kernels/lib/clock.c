/* SPDX-License-Identifier: MIT */
#include "tests/kernels/lib/clock.h"

#include "lib/x86/tsc.h"

#define CLOCK                                                                  \
    (&((const volatile struct parapet_shared_page *)PARAPET_SHARED_PAGE)->clock)

#define WATCH_ROUNDS 250 /* a microsecond, at most */

/*
 * x86 keeps loads in order; the compiler does because the page is volatile.
 */
struct parapet_clock mg_clock_snapshot(void)
{
    struct parapet_clock copy;

    do {
        while ((copy.seq = CLOCK->seq) & 1)
            __builtin_ia32_pause();
        copy.generation = CLOCK->generation;
        copy.tsc_base = CLOCK->tsc_base;
        copy.ns_base = CLOCK->ns_base;
        copy.multiplier = CLOCK->multiplier;
        copy.wall_offset_ns = CLOCK->wall_offset_ns;
        copy.tsc_hz = CLOCK->tsc_hz;
    } while (copy.seq != CLOCK->seq);
    return copy;
}

uint64_t mg_clock_at(const struct parapet_clock *clock, uint64_t tsc)
{
    unsigned __int128 product =
        (unsigned __int128)(tsc - clock->tsc_base) * clock->multiplier;

    return clock->ns_base + (uint64_t)(product >> 32);
}

uint64_t mg_clock_ns(void)
{
    struct parapet_clock clock;
    uint64_t tsc;

    /* The TSC must belong to the copy: the base may move in between. */
    do {
        clock = mg_clock_snapshot();
        tsc = rdtsc_ordered();
    } while (clock.seq != CLOCK->seq);
    return mg_clock_at(&clock, tsc);
}

/* Until the word is nonzero, or for a moment: under QEMU a pause and a look at
 * the clock leave the guest's code, and take as long as all of this. */
static void watch(const volatile uint64_t *word)
{
    for (int i = 0; i < WATCH_ROUNDS && *word == 0; i++)
        continue;
    __builtin_ia32_pause();
}

bool mg_clock_wait(const volatile uint64_t *word)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    while (*word == 0) {
        if (mg_clock_ns() >= end)
            return *word != 0;
        watch(word);
    }
    return true;
}

void mg_clock_delay(uint64_t ns)
{
    uint64_t end = mg_clock_ns() + ns;
    const volatile uint64_t never = 0;

    while (mg_clock_ns() < end)
        watch(&never);
}

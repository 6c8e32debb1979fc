/* SPDX-License-Identifier: MIT
 *
 * The clock page: it never goes back, it agrees with the TSC's frequency, it
 * is consistent whenever it is read, and the wall clock is of this century.
 */
#include "tests/kernels/lib/clock.h"
#include "abi/stubs.h"
#include "lib/x86/tsc.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(clock);

static void test_monotonic(void)
{
    uint64_t last = mg_clock_ns();

    for (int i = 0; i < 100000; i++) {
        uint64_t now = mg_clock_ns();

        if (now < last) {
            mg_failure("the clock went from %lu back to %lu ns", last, now);
            return;
        }
        last = now;
    }
}

/* multiplier is ns per tick in 32.32; tsc_hz is ticks per second. */
static void test_rate(void)
{
    struct parapet_clock clock = mg_clock_snapshot();
    unsigned __int128 product =
        (unsigned __int128)clock.tsc_hz * clock.multiplier;
    uint64_t ns_per_second = (uint64_t)(product >> 32);

    mg_printf("tsc %lu Hz\n", clock.tsc_hz);
    MG_CHECK(clock.tsc_hz > 100000000 && clock.tsc_hz < 10000000000);
    /* A part in a million is what fixed point and rounding may cost. */
    MG_CHECK(ns_per_second > MG_S - MG_S / 1000000);
    MG_CHECK(ns_per_second < MG_S + MG_S / 1000000);
}

/*
 * Against rdtsc over 200 ms. The bound is wide: another program may stop the
 * emulator between the two readings.
 */
static void test_against_tsc(void)
{
    uint64_t hz = mg_clock_snapshot().tsc_hz;
    uint64_t tsc = rdtsc_ordered();
    uint64_t start = mg_clock_ns(), ns, expected;

    mg_clock_delay(200 * MG_MS);
    ns = mg_clock_ns() - start;
    expected = (rdtsc_ordered() - tsc) * 1000 / (hz / 1000000);
    MG_CHECK(ns >= 200 * MG_MS);
    if (expected < ns - ns / 20 || expected > ns + ns / 20)
        mg_failure("expected %lu ns by the TSC, got %lu ns by the clock",
                   expected, ns);
}

/* Between 2020 and 2100: the machine has a real-time clock. */
static void test_wall_clock(void)
{
    uint64_t seconds =
        (mg_clock_ns() + mg_clock_snapshot().wall_offset_ns) / MG_S;

    mg_printf("wall clock: %lu s since 1970\n", seconds);
    MG_CHECK(seconds > 1577836800 && seconds < 4102444800);
}

/* A domain that was never suspended. */
static void test_generation(void)
{
    uint32_t generation = mg_clock_snapshot().generation;

    mg_clock_delay(10 * MG_MS);
    MG_CHECK_EQ(mg_clock_snapshot().generation, generation);
}

void test_main(void)
{
    test_monotonic();
    test_rate();
    test_against_tsc();
    test_wall_clock();
    test_generation();
}

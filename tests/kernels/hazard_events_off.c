/* SPDX-License-Identifier: MIT
 *
 * Hazard: events off for ever. This domain masks its events and spins without
 * a single exit of its own; the witness beside it, on the same CPU, must come
 * to its end meanwhile. The console tells the order. Then this one stops: it
 * reads the TSC.
 *
 * Why: The event mask is a byte that the guest writes as it likes, so that its
 * cli costs no exit. It must not be more than that: the machine's own
 * interrupts stay on in ring 3, whatever the byte says. Were the timer to
 * respect it, or the scheduler to wait for a hypercall, one guest's endless
 * loop would stop the machine.
 *
 * QEMU: smp=1 icount=1 shift=8 partner=partners/witness
 * METER: times are not in instructions
 * CONSOLE: "spinning(.|\n)*TEST witness: success(.|\n)*TEST hazard_events_off"
 */
#include "abi/stubs.h"
#include "lib/x86/tsc.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(hazard_events_off);

/* The witness needs some 30 turns: half a second beside a busy neighbour. */
#define SECONDS 3

void test_main(void)
{
    uint64_t hz = mg_clock_snapshot().tsc_hz;
    uint64_t hypercalls, end;

    mg_cli();
    mg_printf("spinning\n");
    hypercalls = mg_counters(0)->hypercalls[PARAPET_HC_console_write];
    end = rdtsc_ordered() + SECONDS * hz;
    while (rdtsc_ordered() < end)
        ;
    /* Nothing was written in between, so nothing gave the CPU away. */
    MG_CHECK_EQ(mg_counters(0)->hypercalls[PARAPET_HC_console_write],
                hypercalls);
}

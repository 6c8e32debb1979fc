/* SPDX-License-Identifier: MIT
 *
 * Counter 0 of the Intel 8254 (its data sheet's mode 0), counting down without
 * an interrupt to anybody. Its output, high when it has reached zero, is read
 * by the read-back command: microvm has no port 0x61, which shows that of
 * counter 2.
 */
#include "guest-kernel/dev/pit.h"

#include "lib/clock.h"
#include "lib/x86/pit.h"

#define RULER 0u

void pit_start(void)
{
    pit_counter_start(RULER);
}

bool pit_elapsed(uint64_t *ns)
{
    uint8_t status;

    outb(PIT_CONTROL, PIT_READ_BACK(RULER));
    status = inb(PIT_COUNTER(RULER));
    *ns = pit_counter_latched(RULER) * CLOCK_NS_PER_S / CLOCK_PIT_HZ;
    return (status & PIT_STATUS_OUTPUT) == 0;
}

void pit_latch(void)
{
    pit_counter_latch(RULER);
}

uint16_t pit_latched(void)
{
    return pit_counter_latched(RULER);
}

/* SPDX-License-Identifier: MIT
 *
 * Counter 0 of the Intel 8254, counting down without an interrupt to anybody
 * (the interrupt controllers are masked). It is read through the latch, which
 * needs no other device: microvm has no port 0x61.
 */
#include "guest-kernel/dev/pit.h"

#include "guest-kernel/privops/native/cpu.h"

#define PORT_COUNTER0 0x40
#define PORT_CONTROL 0x43
#define CONTROL_COUNTER0_ONCE 0x30 /* low then high byte, mode 0, binary */
#define CONTROL_COUNTER0_LATCH 0x00

#define HZ 1193182ul
#define NS_PER_SECOND 1000000000ul
#define WAIT_COUNTS (HZ / 100)
#define FIRST_COUNT 0xffffu

static uint32_t elapsed(void)
{
    uint32_t low;

    outb(PORT_CONTROL, CONTROL_COUNTER0_LATCH);
    low = inb(PORT_COUNTER0);
    return FIRST_COUNT - (low | (uint32_t)inb(PORT_COUNTER0) << 8);
}

uint64_t pit_wait(void)
{
    uint32_t counts;

    outb(PORT_CONTROL, CONTROL_COUNTER0_ONCE);
    outb(PORT_COUNTER0, FIRST_COUNT & 0xff);
    outb(PORT_COUNTER0, FIRST_COUNT >> 8);
    do
        counts = elapsed();
    while (counts < WAIT_COUNTS);
    return counts * NS_PER_SECOND / HZ;
}

/* SPDX-License-Identifier: MIT
 *
 * Counter 0 of the Intel 8254 (its data sheet's mode 0), counting down without
 * an interrupt to anybody. Its output, high when it has reached zero, is read
 * by the read-back command: microvm has no port 0x61, which shows that of
 * counter 2.
 */
#include "guest-kernel/dev/pit.h"
#include "lib/x86/port.h"

#define PORT_COUNTER0 0x40
#define PORT_CONTROL 0x43
#define CONTROL_COUNTER0_ONCE 0x30 /* low then high byte, mode 0, binary */
#define CONTROL_LATCH0 0x00
#define CONTROL_READ_BACK0 0xc2 /* latch status and count of counter 0 */
#define STATUS_OUTPUT 0x80

#define HZ 1193182ul
#define NS_PER_SECOND 1000000000ul
#define FIRST_COUNT 0xffffu

void pit_start(void)
{
    outb(PORT_CONTROL, CONTROL_COUNTER0_ONCE);
    outb(PORT_COUNTER0, FIRST_COUNT & 0xff);
    outb(PORT_COUNTER0, FIRST_COUNT >> 8);
}

bool pit_elapsed(uint64_t *ns)
{
    uint8_t status;
    uint32_t count;

    outb(PORT_CONTROL, CONTROL_READ_BACK0);
    status = inb(PORT_COUNTER0);
    count = inb(PORT_COUNTER0);
    count |= (uint32_t)inb(PORT_COUNTER0) << 8;
    *ns = (FIRST_COUNT - count) * NS_PER_SECOND / HZ;
    return (status & STATUS_OUTPUT) == 0;
}

void pit_latch(void)
{
    outb(PORT_CONTROL, CONTROL_LATCH0);
}

/* It goes on at 0 with 0xffff. */
uint16_t pit_latched(void)
{
    uint32_t count = inb(PORT_COUNTER0);

    count |= (uint32_t)inb(PORT_COUNTER0) << 8;
    return (uint16_t)(FIRST_COUNT - count);
}

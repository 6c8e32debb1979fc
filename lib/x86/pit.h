/* SPDX-License-Identifier: MIT
 *
 * The 8254 timer (Intel's data sheet), whose counters count down at
 * CLOCK_PIT_HZ (lib/clock.h). Kernels have use for one as a ruler: it starts
 * once and goes on for ever, and makes no interrupt.
 */
#ifndef LIB_X86_PIT_H
#define LIB_X86_PIT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/x86/port.h"

#define PIT_COUNTER(n) ((uint16_t)(0x40 + (n)))
#define PIT_CONTROL 0x43

/* Commands. */
#define PIT_ONCE(n) ((uint8_t)((n) << 6 | 0x30)) /* mode 0; low, then high */
#define PIT_LATCH(n) ((uint8_t)((n) << 6))
#define PIT_READ_BACK(n) ((uint8_t)(0xc0 | 2 << (n))) /* status, then count */
#define PIT_READ_BACK_STATUS(n) ((uint8_t)(0xe0 | 2 << (n)))

#define PIT_STATUS_OUTPUT 0x80
#define PIT_FIRST_COUNT 0xffffu

static inline void pit_counter_start(unsigned int n)
{
    outb(PIT_CONTROL, PIT_ONCE(n));
    outb(PIT_COUNTER(n), PIT_FIRST_COUNT & 0xff);
    outb(PIT_COUNTER(n), PIT_FIRST_COUNT >> 8);
}

/* Has the counter keep its count of now to be read. */
static inline void pit_counter_latch(unsigned int n)
{
    outb(PIT_CONTROL, PIT_LATCH(n));
}

/*
 * The counts since the start, when it was latched. It goes on at 0 with 0xffff,
 * so that this is right modulo 2^16 ever after.
 */
static inline uint16_t pit_counter_latched(unsigned int n)
{
    uint32_t count = inb(PIT_COUNTER(n));

    count |= (uint32_t)inb(PIT_COUNTER(n)) << 8;
    return (uint16_t)(PIT_FIRST_COUNT - count);
}

/* Whether the count has come to 0 since the start. Not by port 0x61, which
 * QEMU's microvm does not have. */
static inline bool pit_counter_is_over(unsigned int n)
{
    outb(PIT_CONTROL, PIT_READ_BACK_STATUS(n));
    return (inb(PIT_COUNTER(n)) & PIT_STATUS_OUTPUT) != 0;
}

#endif

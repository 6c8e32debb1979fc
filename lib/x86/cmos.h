/* SPDX-License-Identifier: MIT
 *
 * The CMOS clock of a PC (Motorola MC146818A data sheet): the date, and an
 * interrupt when it changes. Its two ports are not locked: one CPU may use
 * them, and not while an interrupt handler does.
 */
#ifndef LIB_X86_CMOS_H
#define LIB_X86_CMOS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/calendar_registers.h"
#include "lib/x86/port.h"

#define CMOS_PIN 8 /* of the I/O APIC, for its interrupt */

#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71

#define CMOS_SECOND 0
#define CMOS_MINUTE 2
#define CMOS_HOUR 4
#define CMOS_DAY 7
#define CMOS_MONTH 8
#define CMOS_YEAR 9
#define CMOS_A 10
#define CMOS_A_UPDATING 0x80
#define CMOS_B 11
#define CMOS_B_UPDATE_INTERRUPT 0x10
#define CMOS_C 12

/* An update takes 2 ms at most; a machine without the clock is always at it. */
#define CMOS_MAX_POLLS 10000
#define CMOS_MAX_READINGS 100

static inline uint8_t cmos_read(uint8_t index)
{
    outb(CMOS_INDEX, index);
    return inb(CMOS_DATA);
}

/* False when an update came in between. */
static inline bool cmos_read_date(struct calendar_registers *r)
{
    for (int i = 0; i < CMOS_MAX_POLLS; i++) {
        if (!(cmos_read(CMOS_A) & CMOS_A_UPDATING))
            break;
    }
    r->mode = cmos_read(CMOS_B);
    r->second = cmos_read(CMOS_SECOND);
    r->minute = cmos_read(CMOS_MINUTE);
    r->hour = cmos_read(CMOS_HOUR);
    r->day = cmos_read(CMOS_DAY);
    r->month = cmos_read(CMOS_MONTH);
    r->year = cmos_read(CMOS_YEAR);
    return cmos_read(CMOS_SECOND) == r->second;
}

/* Seconds since 1970; 0 when there is no clock that shows a date and keeps it
 * for as long as it takes to read it. */
static inline uint64_t cmos_seconds(void)
{
    struct calendar_registers r;

    for (int i = 0; i < CMOS_MAX_READINGS; i++) {
        if (cmos_read_date(&r))
            return calendar_registers_seconds(&r);
    }
    return 0;
}

/* To be called for each interrupt, else no other comes. Register C says why,
 * and is cleared by being read. */
static inline void cmos_interrupt_done(void)
{
    (void)cmos_read(CMOS_C);
}

/* Has an interrupt come with each new second. */
static inline void cmos_interrupt_enable(void)
{
    uint8_t b = cmos_read(CMOS_B);

    /* What has come before would count as the first one. */
    cmos_interrupt_done();
    outb(CMOS_INDEX, CMOS_B);
    outb(CMOS_DATA, b | CMOS_B_UPDATE_INTERRUPT);
}

#endif

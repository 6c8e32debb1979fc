/* SPDX-License-Identifier: MIT
 *
 * The MC146818 real-time clock. It is read twice, until two readings agree:
 * the clock may tick in between.
 */
#include "guest-kernel/dev/cmos.h"

#include <stdbool.h>

#include "lib/calendar.h"
#include "lib/x86/port.h"

#define PORT_INDEX 0x70
#define PORT_DATA 0x71

#define REG_SECOND 0x00
#define REG_MINUTE 0x02
#define REG_HOUR 0x04
#define REG_DAY 0x07
#define REG_MONTH 0x08
#define REG_YEAR 0x09
#define REG_A 0x0a
#define REG_B 0x0b
#define REG_C 0x0c

#define A_UPDATING 0x80
#define B_BINARY 0x04
#define B_24_HOURS 0x02
#define B_UPDATE_INTERRUPT 0x10
#define HOUR_PM 0x80u

/* An update takes 2 ms at most; a machine without the clock is always at it. */
#define MAX_POLLS 10000
#define MAX_READINGS 100

static uint8_t read_register(uint8_t index)
{
    outb(PORT_INDEX, index);
    return inb(PORT_DATA);
}

static unsigned int number(uint8_t value, uint8_t mode)
{
    return mode & B_BINARY ? value : (value >> 4) * 10u + (value & 0xf);
}

static unsigned int hour(uint8_t value, uint8_t mode)
{
    unsigned int result = number(value & (uint8_t)~HOUR_PM, mode);

    if (mode & B_24_HOURS)
        return result;
    return result % 12 + (value & HOUR_PM ? 12 : 0);
}

static uint64_t read_seconds(void)
{
    uint8_t mode = read_register(REG_B);
    struct calendar date;

    for (int i = 0; i < MAX_POLLS && (read_register(REG_A) & A_UPDATING); i++)
        ;
    date.second = number(read_register(REG_SECOND), mode);
    date.minute = number(read_register(REG_MINUTE), mode);
    date.hour = hour(read_register(REG_HOUR), mode);
    date.day = number(read_register(REG_DAY), mode);
    date.month = number(read_register(REG_MONTH), mode);
    date.year = 2000 + number(read_register(REG_YEAR), mode);
    return calendar_to_seconds(&date);
}

uint64_t cmos_seconds(void)
{
    uint64_t first, second = read_seconds();
    int nr = 0;

    do {
        first = second;
        second = read_seconds();
    } while (first != second && ++nr < MAX_READINGS);
    return second;
}

void cmos_interrupt_enable(void)
{
    uint8_t b = read_register(REG_B);

    /* What has come before would count as the first one. */
    cmos_interrupt_done();
    outb(PORT_INDEX, REG_B);
    outb(PORT_DATA, b | B_UPDATE_INTERRUPT);
}

/* Register C says why, and is cleared by being read. */
void cmos_interrupt_done(void)
{
    (void)read_register(REG_C);
}

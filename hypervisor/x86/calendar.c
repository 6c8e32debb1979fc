/* SPDX-License-Identifier: MIT
 *
 * Source: Motorola MC146818A data sheet, table 3 (the ranges of the registers
 * in their four modes).
 */
#include "hypervisor/x86/calendar.h"

#include <stdbool.h>

#define HOUR_PM 0x80

/* A two-digit register as a number; 255, which is out of every range, when a
 * digit is none. */
static unsigned int number(uint8_t value, uint8_t mode)
{
    if (mode & CALENDAR_BINARY)
        return value;
    if (value >> 4 > 9 || (value & 15) > 9)
        return 255;
    return (value >> 4) * 10u + (value & 15);
}

/* 0..23, or something above: the 12 hours of a half are 12, 1, 2 ... 11. */
static unsigned int hour_of_day(uint8_t value, uint8_t mode)
{
    unsigned int hour;

    if (mode & CALENDAR_24_HOURS)
        return number(value, mode);
    hour = number(value & (uint8_t)~HOUR_PM, mode);
    if (hour < 1 || hour > 12)
        return 255;
    return hour % 12 + (value & HOUR_PM ? 12 : 0);
}

static bool is_leap_year(unsigned int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned int days_in_month(unsigned int year, unsigned int month)
{
    if (month == 2)
        return is_leap_year(year) ? 29 : 28;
    /* 31 and 30 by turns, with two times 31 at July and August. */
    return 30 + (month + month / 8) % 2;
}

uint64_t calendar_days(unsigned int year, unsigned int month, unsigned int day)
{
    /* Count years from March, so that a leap day ends one. */
    uint64_t y = month > 2 ? year : year - 1;
    uint64_t m = (month + 9) % 12;

    /* 719468 days lie between 0000-03-01 and 1970-01-01. */
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 -
           719468;
}

uint64_t calendar_seconds(const struct calendar_registers *registers)
{
    uint8_t mode = registers->mode;
    unsigned int year = number(registers->year, mode);
    unsigned int month = number(registers->month, mode);
    unsigned int day = number(registers->day, mode);
    unsigned int hour = hour_of_day(registers->hour, mode);
    unsigned int minute = number(registers->minute, mode);
    unsigned int second = number(registers->second, mode);

    if (year > 99 || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(2000 + year, month) || hour > 23 || minute > 59 ||
        second > 59)
        return 0;
    return ((calendar_days(2000 + year, month, day) * 24 + hour) * 60 +
            minute) *
               60 +
           second;
}

/* SPDX-License-Identifier: MIT
 *
 * Source: Motorola MC146818A data sheet, table 3 (the ranges of the registers
 * in their four modes).
 */
#include "lib/calendar_registers.h"

#include <stdbool.h>

#include "lib/calendar.h"

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

uint64_t calendar_registers_seconds(const struct calendar_registers *registers)
{
    uint8_t mode = registers->mode;
    struct calendar date = {
        .year = 2000 + number(registers->year, mode),
        .month = number(registers->month, mode),
        .day = number(registers->day, mode),
        .hour = hour_of_day(registers->hour, mode),
        .minute = number(registers->minute, mode),
        .second = number(registers->second, mode),
    };

    if (date.year > 2099 || date.month < 1 || date.month > 12 || date.day < 1 ||
        date.day > days_in_month(date.year, date.month) || date.hour > 23 ||
        date.minute > 59 || date.second > 59)
        return 0;
    return calendar_to_seconds(&date);
}

/* SPDX-License-Identifier: MIT
 *
 * Seconds since 1970-01-01 00:00:00 UTC to a date and back, by the Gregorian
 * calendar. Pure arithmetic, for years 1970 to 9999.
 */
#ifndef LIB_CALENDAR_H
#define LIB_CALENDAR_H

#include <stdint.h>

struct calendar {
    unsigned int year;
    unsigned int month; /* 1..12 */
    unsigned int day;   /* 1..31 */
    unsigned int hour;
    unsigned int minute;
    unsigned int second;
    unsigned int weekday; /* 0 is Sunday; calendar_to_seconds ignores it */
};

void calendar_from_seconds(uint64_t seconds, struct calendar *date);
uint64_t calendar_to_seconds(const struct calendar *date);

#endif

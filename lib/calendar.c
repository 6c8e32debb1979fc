/* SPDX-License-Identifier: MIT
 *
 * The trick of both directions: let the year begin in March. Then the leap day
 * is the last day, and the days before month m (March is 0) are
 * (153 * m + 2) / 5.
 */
#include "lib/calendar.h"

#define SECONDS_PER_DAY 86400u
#define DAYS_PER_400_YEARS 146097u
/* From 0000-03-01, where the count below starts, to 1970-01-01. */
#define DAYS_TO_1970 719468u

/* Days from 0000-03-01 to the first of March in the given year. */
static uint64_t days_to_march(uint64_t year)
{
    return year * 365 + year / 4 - year / 100 + year / 400;
}

uint64_t calendar_to_seconds(const struct calendar *date)
{
    unsigned int month = (date->month + 9) % 12;
    uint64_t year = date->year - (date->month <= 2 ? 1 : 0);
    uint64_t days = days_to_march(year) + (153 * month + 2) / 5 + date->day -
                    1 - DAYS_TO_1970;

    return days * SECONDS_PER_DAY + date->hour * 3600 + date->minute * 60 +
           date->second;
}

static void set_day(uint64_t days, struct calendar *date)
{
    uint64_t year = days * 400 / DAYS_PER_400_YEARS;
    unsigned int day, month;

    /* The estimate can be one too high or one too low. */
    if (days_to_march(year + 1) <= days)
        year++;
    if (days_to_march(year) > days)
        year--;
    day = (unsigned int)(days - days_to_march(year));
    month = (5 * day + 2) / 153;
    date->day = day - (153 * month + 2) / 5 + 1;
    date->month = (month + 2) % 12 + 1;
    date->year = (unsigned int)year + (date->month <= 2 ? 1 : 0);
}

void calendar_from_seconds(uint64_t seconds, struct calendar *date)
{
    uint64_t days = seconds / SECONDS_PER_DAY;
    unsigned int rest = (unsigned int)(seconds % SECONDS_PER_DAY);

    date->hour = rest / 3600;
    date->minute = rest / 60 % 60;
    date->second = rest % 60;
    date->weekday = (unsigned int)((days + 4) % 7); /* 1970-01-01: Thursday */
    set_day(days + DAYS_TO_1970, date);
}

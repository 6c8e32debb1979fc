/* SPDX-License-Identifier: MIT
 *
 * lib/calendar.c against the C library, in UTC.
 */
#include "tests/unit/unit.h"

#include <time.h>

#include "lib/calendar.h"

#define SECONDS_PER_DAY 86400u
/* 9999-12-31 23:59:59 */
#define LAST_SECOND 253402300799u

static void check(uint64_t seconds)
{
    time_t time = (time_t)seconds;
    struct calendar date;
    struct tm tm;

    assert_non_null(gmtime_r(&time, &tm));
    calendar_from_seconds(seconds, &date);
    assert_int_equal(date.year, tm.tm_year + 1900);
    assert_int_equal(date.month, tm.tm_mon + 1);
    assert_int_equal(date.day, tm.tm_mday);
    assert_int_equal(date.hour, tm.tm_hour);
    assert_int_equal(date.minute, tm.tm_min);
    assert_int_equal(date.second, tm.tm_sec);
    assert_int_equal(date.weekday, tm.tm_wday);
    assert_int_equal(calendar_to_seconds(&date), seconds);
}

static void test_every_day(void **state)
{
    uint64_t day;

    (void)state;
    for (day = 0; day <= LAST_SECOND / SECONDS_PER_DAY; day++)
        check(day * SECONDS_PER_DAY + day % SECONDS_PER_DAY);
}

static void test_edges(void **state)
{
    (void)state;
    check(0);
    check(951782400 - 1); /* before 2000-02-29: a leap year, for once */
    check(951782400);
    check(4107542400 - 1); /* before 2100-03-01: not a leap year */
    check(4107542400);
    check(LAST_SECOND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_day),
        cmocka_unit_test(test_edges),
    };

    return cmocka_run_group_tests_name("lib/calendar", tests, NULL, NULL);
}

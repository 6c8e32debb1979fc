/* SPDX-License-Identifier: MIT
 *
 * lib/calendar_registers.c against the C library, in UTC.
 */
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <time.h>

#include "lib/calendar_registers.h"

#define SECONDS_PER_DAY 86400
/* 2000-01-01 and 2100-01-01, at midnight. */
#define FIRST_SECOND 946684800
#define END_SECOND 4102444800

static const uint8_t modes[] = {
    CALENDAR_24_HOURS, /* what QEMU's clock has */
    0,
    CALENDAR_BINARY,
    CALENDAR_BINARY | CALENDAR_24_HOURS,
    /* Bits that mean something else. */
    (uint8_t) ~(CALENDAR_BINARY | CALENDAR_24_HOURS),
};
#define NR_MODES (sizeof(modes) / sizeof(modes[0]))

static struct tm date_of(time_t seconds)
{
    struct tm tm;

    assert_non_null(gmtime_r(&seconds, &tm));
    return tm;
}

static uint8_t encode(int value, uint8_t mode)
{
    return (uint8_t)(mode & CALENDAR_BINARY ? value
                                            : value / 10 * 16 + value % 10);
}

static uint8_t encode_hour(int hour, uint8_t mode)
{
    if (mode & CALENDAR_24_HOURS)
        return encode(hour, mode);
    return encode((hour + 11) % 12 + 1, mode) | (hour < 12 ? 0 : 0x80);
}

static struct calendar_registers registers_at(time_t seconds, uint8_t mode)
{
    struct tm tm = date_of(seconds);

    return (struct calendar_registers){
        .second = encode(tm.tm_sec, mode),
        .minute = encode(tm.tm_min, mode),
        .hour = encode_hour(tm.tm_hour, mode),
        .day = encode(tm.tm_mday, mode),
        .month = encode(tm.tm_mon + 1, mode),
        .year = encode(tm.tm_year - 100, mode),
        .mode = mode,
    };
}

static void check(time_t seconds)
{
    for (size_t i = 0; i < NR_MODES; i++) {
        struct calendar_registers registers = registers_at(seconds, modes[i]);

        assert_int_equal(calendar_registers_seconds(&registers), seconds);
    }
}

/* Steps of a prime number of seconds: all hours, minutes and seconds come. */
static void test_the_clock(void **state)
{
    (void)state;
    for (time_t t = FIRST_SECOND; t < END_SECOND; t += 40009)
        check(t);
    for (time_t t = FIRST_SECOND; t < FIRST_SECOND + SECONDS_PER_DAY; t++)
        check(t);
    check(END_SECOND - 1);
}

/* Known values, so that a mistake of the test's own does not go unseen. */
static void test_known_moments(void **state)
{
    struct calendar_registers leap = {
        .second = 0x59,
        .minute = 0x58,
        .hour = 0x23,
        .day = 0x29,
        .month = 0x02,
        .year = 0x24,
        .mode = CALENDAR_24_HOURS,
    };

    (void)state;
    assert_int_equal(calendar_registers_seconds(&leap), 1709251139);
    leap.mode = 0;
    leap.hour = 0x12; /* midnight */
    assert_int_equal(calendar_registers_seconds(&leap), 1709251139 - 23 * 3600);
    leap.hour = 0x92; /* noon */
    assert_int_equal(calendar_registers_seconds(&leap), 1709251139 - 11 * 3600);
    leap.hour = 0x91; /* 11 PM */
    assert_int_equal(calendar_registers_seconds(&leap), 1709251139);
}

/* Which values of one register, the others being fine, are taken. */
static void check_range(uint8_t mode, size_t offset, int first, int last)
{
    for (int value = 0; value < 256; value++) {
        struct calendar_registers registers = registers_at(FIRST_SECOND, mode);
        bool digits =
            (mode & CALENDAR_BINARY) || (value / 16 <= 9 && value % 16 <= 9);
        int meant =
            mode & CALENDAR_BINARY ? value : value / 16 * 10 + value % 16;
        bool good = digits && meant >= first && meant <= last;

        ((uint8_t *)&registers)[offset] = (uint8_t)value;
        assert_int_equal(calendar_registers_seconds(&registers) != 0, good);
    }
}

#define CHECK_RANGE(mode, field, first, last)                                  \
    check_range(mode, offsetof(struct calendar_registers, field), first, last)

static void test_no_date(void **state)
{
    struct calendar_registers none;

    (void)state;
    for (size_t i = 0; i < NR_MODES; i++) {
        CHECK_RANGE(modes[i], second, 0, 59);
        CHECK_RANGE(modes[i], minute, 0, 59);
        CHECK_RANGE(modes[i], day, 1, 31);
        CHECK_RANGE(modes[i], month, 1, 12);
        CHECK_RANGE(modes[i], year, 0, 99);
    }
    CHECK_RANGE(CALENDAR_24_HOURS, hour, 0, 23);
    CHECK_RANGE(CALENDAR_24_HOURS | CALENDAR_BINARY, hour, 0, 23);
    /* What an empty bus reads, and a clock that was never set. */
    none = (struct calendar_registers){255, 255, 255, 255, 255, 255, 255};
    assert_int_equal(calendar_registers_seconds(&none), 0);
    none = (struct calendar_registers){0};
    assert_int_equal(calendar_registers_seconds(&none), 0);
}

static void test_hours_of_a_half(void **state)
{
    (void)state;
    for (int value = 0; value < 256; value++) {
        struct calendar_registers registers = registers_at(FIRST_SECOND, 0);
        int hour = value & 0x7f;
        bool good =
            (hour >= 0x01 && hour <= 0x09) || (hour >= 0x10 && hour <= 0x12);

        registers.hour = (uint8_t)value;
        assert_int_equal(calendar_registers_seconds(&registers) != 0, good);
    }
}

/* The last day of each month is a date, the day after is none. */
static void test_lengths_of_months(void **state)
{
    (void)state;
    for (int month = 0; month < 1200; month++) {
        struct tm next = {.tm_year = 100, .tm_mon = month + 1, .tm_mday = 1};
        time_t last_day = timegm(&next) - SECONDS_PER_DAY;
        struct calendar_registers registers =
            registers_at(last_day, CALENDAR_BINARY);

        assert_int_equal(calendar_registers_seconds(&registers), last_day);
        registers.day++;
        assert_int_equal(calendar_registers_seconds(&registers), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_clock),
        cmocka_unit_test(test_known_moments),
        cmocka_unit_test(test_no_date),
        cmocka_unit_test(test_hours_of_a_half),
        cmocka_unit_test(test_lengths_of_months),
    };

    return cmocka_run_group_tests_name("lib/calendar_registers", tests, NULL,
                                       NULL);
}

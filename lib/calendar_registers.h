/* SPDX-License-Identifier: MIT
 *
 * What the registers of the CMOS clock say, in seconds. Pure arithmetic: who
 * reads them is lib/x86/cmos.h.
 */
#ifndef LIB_CALENDAR_REGISTERS_H
#define LIB_CALENDAR_REGISTERS_H

#include <stdint.h>

/* Bits of register B: how the others are to be read. */
#define CALENDAR_24_HOURS 0x02
#define CALENDAR_BINARY 0x04

/* The clock's registers, as they are read. */
struct calendar_registers {
    uint8_t second;
    uint8_t minute;
    uint8_t hour; /* bit 7 is PM when the clock counts 12 hours */
    uint8_t day;
    uint8_t month;
    uint8_t year; /* 0..99: 2000 to 2099 */
    uint8_t mode; /* register B */
};

/*
 * Seconds from 1970-01-01 00:00 to what the clock shows, which is taken for
 * UTC; 0 when it shows no date: nobody has set it, or there is no clock.
 */
uint64_t calendar_registers_seconds(const struct calendar_registers *registers);

#endif

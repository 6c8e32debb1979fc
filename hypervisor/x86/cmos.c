/* SPDX-License-Identifier: MIT
 *
 * Source: Motorola MC146818A data sheet.
 */
#include "hypervisor/x86/cmos.h"

#include <stdbool.h>

#include "hypervisor/x86/cpu.h"
#include "lib/calendar_registers.h"

#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71
#define CMOS_A 10
#define CMOS_A_UPDATING 0x80
#define CMOS_B 11
#define CMOS_B_UPDATE_INTERRUPT 0x10
#define CMOS_C 12

/* An update takes 2 ms at most; a machine without the clock is always at it. */
#define MAX_POLLS 10000
#define MAX_READINGS 100

static uint8_t cmos_read(uint8_t index)
{
    outb(CMOS_INDEX, index);
    return inb(CMOS_DATA);
}

/* False when an update came in between. */
static bool read_registers(struct calendar_registers *r)
{
    for (int i = 0; i < MAX_POLLS && (cmos_read(CMOS_A) & CMOS_A_UPDATING); i++)
        cpu_relax();
    r->mode = cmos_read(CMOS_B);
    r->second = cmos_read(0);
    r->minute = cmos_read(2);
    r->hour = cmos_read(4);
    r->day = cmos_read(7);
    r->month = cmos_read(8);
    r->year = cmos_read(9);
    return cmos_read(0) == r->second;
}

uint64_t cmos_seconds(void)
{
    struct calendar_registers r;

    for (int i = 0; i < MAX_READINGS; i++) {
        if (read_registers(&r))
            return calendar_registers_seconds(&r);
    }
    return 0;
}

void cmos_interrupt_enable(void)
{
    uint8_t b = cmos_read(CMOS_B);

    /* What has come before would count as the first one. */
    cmos_interrupt_done();
    outb(CMOS_INDEX, CMOS_B);
    outb(CMOS_DATA, b | CMOS_B_UPDATE_INTERRUPT);
}

/* Register C says why, and is cleared by being read. */
void cmos_interrupt_done(void)
{
    (void)cmos_read(CMOS_C);
}

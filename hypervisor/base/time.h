/* SPDX-License-Identifier: MIT
 *
 * Time, from the time stamp counter: monotonic nanoseconds since power-on as
 * the counter tells them, and the wall clock from the CMOS clock. Both are
 * known roughly at the boot, and better with each second after it.
 */
#ifndef HYPERVISOR_BASE_TIME_H
#define HYPERVISOR_BASE_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "hypervisor/x86/cpu.h"
#include "lib/clock.h"

/*
 * Measures the counter and the APIC timer against the PIT (1.193182 MHz).
 * Between begin and end other work may be done; end waits until 5 ms are
 * over. On the boot CPU, with its local APIC on.
 */
void time_calibrate_begin(void);
void time_calibrate_end(void);

/* The line that time runs on. Changes on the boot CPU, whole. */
extern const struct clock_line *time_line;

/*
 * Monotonic, on all CPUs together: the new line is not before the one that was
 * just read. Before time_calibrate_end() it is 0.
 */
static inline uint64_t time_now_ns(void)
{
    const struct clock_line *line =
        __atomic_load_n(&time_line, __ATOMIC_ACQUIRE);

    return clock_line_ns(line, rdtsc());
}

uint64_t time_tsc_hz(void);

/* Nanoseconds since 1970 minus monotonic nanoseconds. */
uint64_t time_wall_offset_ns(void);

/*
 * From now on an interrupt, VECTOR_CMOS, comes to this CPU, the boot CPU, once
 * a second. For each, time_look() looks at the devices and says whether the
 * time is to change; time_adopt() then lets it run on its new line.
 */
void time_follow(void);
bool time_look(void);
void time_adopt(void);

/*
 * Has the timer interrupt come on this CPU at about deadline_ns, sooner when
 * that is more than some seconds away; 0 stops it.
 */
void time_set_timer(uint64_t deadline_ns);

/* Busy waiting. */
void time_delay_us(uint64_t us);

#endif

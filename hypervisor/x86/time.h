/* SPDX-License-Identifier: MIT
 *
 * Time, from the time stamp counter: monotonic nanoseconds since power-on as
 * the counter tells them, and the wall clock at boot from the CMOS clock.
 */
#ifndef HYPERVISOR_X86_TIME_H
#define HYPERVISOR_X86_TIME_H

#include <stdint.h>

/*
 * Measures the counter and the APIC timer against the PIT (1.193182 MHz).
 * Between begin and end other work may be done; end waits until 5 ms are
 * over. On the boot CPU, with its local APIC on.
 */
void time_calibrate_begin(void);
void time_calibrate_end(void);

/* Monotonic. Before time_calibrate_end() it is 0. */
uint64_t time_now_ns(void);

uint64_t time_tsc_hz(void);

/* Nanoseconds for each tick of the counter, 32.32 fixed point. */
uint64_t time_multiplier(void);

/* Nanoseconds since 1970 minus monotonic nanoseconds. */
uint64_t time_wall_offset_ns(void);

/*
 * Has the timer interrupt come on this CPU at about deadline_ns, sooner when
 * that is more than some seconds away; 0 stops it.
 */
void time_set_timer(uint64_t deadline_ns);

/* Busy waiting. */
void time_delay_us(uint64_t us);

#endif

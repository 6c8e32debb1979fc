/* SPDX-License-Identifier: MIT
 *
 * Alarms: functions that are called when the clock has reached a time. The
 * scheduler owns the CPU's timer and looks here for when it is needed next.
 * Interrupts are disabled for all of this.
 */
#ifndef GUEST_KERNEL_THREAD_ALARM_H
#define GUEST_KERNEL_THREAD_ALARM_H

#include <stdint.h>

#include "lib/list.h"

struct alarm;

/* It was set for due_ns, and is set no more; the function may set it again. */
typedef void alarm_function_t(struct alarm *alarm, uint64_t due_ns,
                              uint64_t now);

/* Zeroed it is one that is not set. */
struct alarm {
    struct list_node node; /* of those that are set, the next one first */
    uint64_t deadline_ns;  /* on privops_clock_ns(); 0: it is not set */
    alarm_function_t *function;
};

/* One that is not set; deadline_ns is not 0. Afterwards somebody has to call
 * sched_timer_changed(). */
void alarm_set(struct alarm *alarm, uint64_t deadline_ns,
               alarm_function_t *function);

/* Nothing if it is not set. */
void alarm_stop(struct alarm *alarm);

/* When alarm_expire() has something to do, UINT64_MAX never. */
uint64_t alarm_next_ns(void);

/* Calls the functions of those whose time has come. */
void alarm_expire(uint64_t now);

#endif

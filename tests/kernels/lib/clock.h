/* SPDX-License-Identifier: MIT
 *
 * Time without an exit: the domain's clock (abi/shared.h) and the TSC.
 */
#ifndef KERNELS_CLOCK_H
#define KERNELS_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/shared.h"

#define MG_US UINT64_C(1000)
#define MG_MS UINT64_C(1000000)
#define MG_S UINT64_C(1000000000)

/* A consistent copy of the clock page. */
struct parapet_clock mg_clock_snapshot(void);

/* The monotonic time that this copy gives a TSC value. */
uint64_t mg_clock_at(const struct parapet_clock *clock, uint64_t tsc);

/* Monotonic nanoseconds, now. */
uint64_t mg_clock_ns(void);

/*
 * When to give up what must come: late, for on a busy host a CPU may stand
 * still, and timers come late, while the clock goes on.
 */
#define MG_PATIENCE (30 * MG_S)

/* Waits, without sleeping, for a word to become nonzero; false: time is up. */
bool mg_clock_wait(const volatile uint64_t *word);

/* Waits, without sleeping. */
void mg_clock_delay(uint64_t ns);

#endif

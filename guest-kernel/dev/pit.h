/* SPDX-License-Identifier: MIT
 *
 * The 8254 timer, as a ruler for the other clocks. Native build only.
 */
#ifndef GUEST_KERNEL_DEV_PIT_H
#define GUEST_KERNEL_DEV_PIT_H

#include <stdbool.h>
#include <stdint.h>

/* Starts to count, for up to 54 ms. */
void pit_start(void);

/* Nanoseconds since pit_start(), or false if it was too long ago. */
bool pit_elapsed(uint64_t *ns);

/*
 * For any time after pit_start(): the counts since then when pit_latch() was
 * called, modulo 2^16.
 */
void pit_latch(void);
uint16_t pit_latched(void);

#endif

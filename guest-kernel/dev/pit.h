/* SPDX-License-Identifier: MIT
 *
 * The 8254 timer, as a ruler for the other clocks. Native build only.
 */
#ifndef GUEST_KERNEL_DEV_PIT_H
#define GUEST_KERNEL_DEV_PIT_H

#include <stdint.h>

/* Lets about ten milliseconds pass; returns how many nanoseconds it was. */
uint64_t pit_wait(void);

#endif

/* SPDX-License-Identifier: MIT
 *
 * The battery-backed clock of a PC. Native build only.
 */
#ifndef GUEST_KERNEL_DEV_CMOS_H
#define GUEST_KERNEL_DEV_CMOS_H

#include <stdint.h>

/* Seconds since 1970; the clock is taken to run in UTC. */
uint64_t cmos_seconds(void);

#endif

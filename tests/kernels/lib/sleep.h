/* SPDX-License-Identifier: MIT
 *
 * Sleep by the timer of vCPU 0, which is bound to a port of this file's own:
 * for a kernel that wants nothing else of its timer.
 */
#ifndef KERNELS_SLEEP_H
#define KERNELS_SLEEP_H

#include <stdint.h>

/* Binds the timer; on vCPU 0, once, before the first sleep. */
void mg_sleep_init(void);

/* Other events are handled meanwhile. They are not masked afterwards. */
void mg_sleep_until(uint64_t deadline);
void mg_sleep(uint64_t ns);

#endif

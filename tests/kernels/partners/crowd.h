/* SPDX-License-Identifier: MIT
 *
 * What bound_schedule.c and each of its crowd know: the words in a vCPU page.
 */
#ifndef KERNELS_CROWD_H
#define KERNELS_CROWD_H

#include "tests/kernels/lib/clock.h"

#define CROWD_BEGINS 0 /* ns: when the first round is prepared */
#define CROWD_ROUNDS 1 /* how many are over */

#define CROWD_NR_ROUNDS 16
#define CROWD_ROUND_NS (120 * MG_MS)

/* From the beginning of a round to its moment. */
#define CROWD_MOMENT_NS (30 * MG_MS)

/* So many have a cap of so many percent. */
#define CROWD_CAPPED 56
#define CROWD_CAP 1

#endif

/* SPDX-License-Identifier: MIT
 *
 * What the buckets of struct parapet_latency say (abi/shared.h).
 */
#ifndef USER_PCTL_HISTOGRAM_H
#define USER_PCTL_HISTOGRAM_H

#include <stdint.h>

#include "abi/shared.h"

uint64_t histogram_samples(const uint64_t buckets[PARAPET_NR_LATENCY_BUCKETS]);

/* So many percent took less than this, in ticks; of the last bucket, which has
 * no end, where it begins. There are samples. */
uint64_t histogram_ticks(const uint64_t buckets[PARAPET_NR_LATENCY_BUCKETS],
                         unsigned int percent);

#endif

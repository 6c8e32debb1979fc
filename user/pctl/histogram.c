/* SPDX-License-Identifier: MIT */
#include "user/pctl/histogram.h"

#define FIRST_BOUND UINT64_C(64)

uint64_t histogram_samples(const uint64_t buckets[PARAPET_NR_LATENCY_BUCKETS])
{
    uint64_t nr = 0;

    for (unsigned int i = 0; i < PARAPET_NR_LATENCY_BUCKETS; i++)
        nr += buckets[i];
    return nr;
}

uint64_t histogram_ticks(const uint64_t buckets[PARAPET_NR_LATENCY_BUCKETS],
                         unsigned int percent)
{
    /* The rank of the sample, counted from 1 and rounded up. */
    uint64_t rank = (histogram_samples(buckets) * percent + 99) / 100;
    uint64_t nr = buckets[0];
    unsigned int bucket = 0;

    while (nr < rank && bucket < PARAPET_NR_LATENCY_BUCKETS - 1)
        nr += buckets[++bucket];
    if (bucket == PARAPET_NR_LATENCY_BUCKETS - 1)
        bucket--;
    return FIRST_BOUND << bucket;
}

/* SPDX-License-Identifier: MIT */
#include "guest-kernel/privops/latency.h"

#define FIRST_BOUND 64ul
#define NS_PER_SECOND 1000000000ul

uint64_t latency_bound(unsigned int bucket)
{
    if (bucket == LATENCY_NR_BUCKETS - 1)
        bucket--;
    return FIRST_BOUND << bucket;
}

uint64_t latency_nr_samples(const struct latency *latency)
{
    uint64_t nr = 0;
    unsigned int i;

    for (i = 0; i < LATENCY_NR_BUCKETS; i++)
        nr += latency->buckets[i];
    return nr;
}

unsigned int latency_percentile(const struct latency *latency,
                                unsigned int percent)
{
    /* The rank of the sample, counted from 1 and rounded up. */
    uint64_t rank = (latency_nr_samples(latency) * percent + 99) / 100;
    uint64_t nr = latency->buckets[0];
    unsigned int bucket = 0;

    while (nr < rank)
        nr += latency->buckets[++bucket];
    return bucket;
}

uint64_t latency_ns(uint64_t ticks, uint64_t hz)
{
    return ticks * NS_PER_SECOND / hz;
}

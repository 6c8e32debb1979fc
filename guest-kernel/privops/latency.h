/* SPDX-License-Identifier: MIT
 *
 * A histogram of how long something took, in ticks of some clock. Bucket 0
 * counts what took less than 64 ticks, each next one what took less than twice
 * as much as the one before it, and the last one all the rest.
 */
#ifndef GUEST_KERNEL_PRIVOPS_LATENCY_H
#define GUEST_KERNEL_PRIVOPS_LATENCY_H

#include <stdint.h>

#define LATENCY_NR_BUCKETS 16

struct latency {
    uint32_t buckets[LATENCY_NR_BUCKETS];
};

/*
 * What was counted in this bucket took less ticks than that. Of the last one
 * it is what they took at least.
 */
uint64_t latency_bound(unsigned int bucket);

uint64_t latency_nr_samples(const struct latency *latency);

/*
 * The bucket of the sample that percent of all samples (above 0, up to 100) do
 * not exceed: 50 for the median. Of no samples, the first bucket.
 */
unsigned int latency_percentile(const struct latency *latency,
                                unsigned int percent);

/* From ticks, less than 2^34, to nanoseconds, rounded down; hz is not 0. */
uint64_t latency_ns(uint64_t ticks, uint64_t hz);

#endif

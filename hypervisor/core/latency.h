/* SPDX-License-Identifier: MIT
 *
 * The latency histograms: one exit in PARAPET_LATENCY_INTERVAL is timed, so
 * that they can stay on. The two instructions that count down are in the entry
 * code; struct parapet_latency (abi/shared.h) says what is kept.
 */
#ifndef HYPERVISOR_CORE_LATENCY_H
#define HYPERVISOR_CORE_LATENCY_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/shared.h"
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/percpu.h"

/*
 * Whether this exit is one to be timed: to be asked at its start. The entry
 * code has the same two instructions where it asks.
 */
static inline bool latency_due(struct cpu_info *cpu)
{
    return --cpu->until_sample < 0;
}

/* It is: returns the time of its beginning. */
static inline uint64_t latency_begin(struct cpu_info *cpu)
{
    cpu->until_sample = PARAPET_LATENCY_INTERVAL - 1;
    return rdtsc();
}

/* Adds what has passed since start to a histogram. */
static inline void latency_add(uint32_t *buckets, uint64_t start)
{
    uint64_t ticks = (rdtsc() - start) >> 6;
    uint32_t bucket = 0;

    while (ticks > 0 && bucket < PARAPET_NR_LATENCY_BUCKETS - 1) {
        ticks >>= 1;
        bucket++;
    }
    buckets[bucket]++;
}

#endif

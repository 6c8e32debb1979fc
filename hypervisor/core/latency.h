/* SPDX-License-Identifier: MIT
 *
 * The latency histograms: one exit in PARAPET_LATENCY_INTERVAL is timed, so
 * that they can stay on. The two instructions that count down are in the entry
 * code; struct parapet_latency (abi/shared.h) says what is kept. For the guest
 * it is in one piece; here its pages may lie anywhere, and no histogram lies in
 * two of them.
 */
#ifndef HYPERVISOR_CORE_LATENCY_H
#define HYPERVISOR_CORE_LATENCY_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/shared.h"
#include "hypervisor/core/domain.h"
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

#define LATENCY_ROWS (PAGE_SIZE / (4 * PARAPET_NR_LATENCY_BUCKETS))

_Static_assert(offsetof(struct parapet_latency, exits) % PAGE_SIZE == 0 &&
                   PAGE_SIZE % (4 * PARAPET_NR_LATENCY_BUCKETS) == 0,
               "no histogram lies in two pages");

/* The histogram with this number, from the page with that of first on. */
static inline uint32_t *latency_row(const struct vcpu *v, size_t first,
                                    size_t row)
{
    uint32_t(*rows)[PARAPET_NR_LATENCY_BUCKETS] =
        v->latency_pages[first / PAGE_SIZE + row / LATENCY_ROWS];

    return rows[row % LATENCY_ROWS];
}

static inline uint32_t *latency_of_hypercall(const struct vcpu *v,
                                             size_t number)
{
    return latency_row(v, offsetof(struct parapet_latency, hypercalls), number);
}

static inline uint32_t *latency_of_exit(const struct vcpu *v, size_t exit)
{
    return latency_row(v, offsetof(struct parapet_latency, exits), exit);
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

/* SPDX-License-Identifier: MIT
 *
 * What the files of the policy fair have in common: the share of a domain on a
 * CPU, and what a CPU knows of its shares. fair.c says how they are used.
 */
#ifndef HYPERVISOR_SCHED_FAIR_SHARE_H
#define HYPERVISOR_SCHED_FAIR_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#include "hypervisor/core/domain.h"
#include "hypervisor/core/timers.h"
#include "hypervisor/x86/layout.h"
#include "lib/list.h"

/*
 * Virtual time is a 64th of a nanosecond of a domain with the usual weight, all
 * of whose active vCPUs are on one CPU. It wraps around: with the least weight
 * after 10 hours. So it is compared by the sign of a difference, and no share
 * keeps one for longer than FAIR_MEMORY epochs while it sleeps.
 */
#define FAIR_VTIME_SHIFT 6

/* A rate is virtual time for each nanosecond, with so many bits after the
 * point: with the greatest weight there are 14 bits of it left. */
#define FAIR_RATE_SHIFT 16

/* What a CPU has to do is counted in parts of a weight with so many bits after
 * the point. */
#define FAIR_LOAD_SHIFT 8

/* An epoch is 2^25 ns, some 33 ms. */
#define FAIR_EPOCH_SHIFT 25
#define FAIR_MEMORY (1u << 15)

/* A domain on one CPU. Written under the lock of the CPU's run queue. */
struct sched_share {
    uint64_t vtime;
    uint64_t rate;
    uint64_t counts;       /* fair_rate.c's; atomic, others read and write it */
    struct domain *domain; /* NULL: it was never in use */
    struct list_node waiting; /* its vCPUs, by queue_node, the longest first */
    uint32_t place;           /* in the heap; 0: it is not in it */
    uint32_t generation;      /* of the domain, and */
    uint32_t epoch;           /* when: as the rate was computed */
    uint32_t weight;          /* by which it was */
    bool fresh;               /* it has not run since it came */
    uint64_t each;            /* what each of its vCPUs is of a CPU's load */
    struct timer parked;      /* set while the cap keeps it off */
} __attribute__((aligned(128)));

_Static_assert(MAX_CPUS * sizeof(struct sched_share) == PAGE_SIZE,
               "a domain's shares are one page");

/*
 * A CPU. The share of the vCPU that runs is in no heap. Any other one that has
 * waiting vCPUs is in the one heap or in the other.
 */
struct fair_cpu {
    struct list_node arrivals; /* those that enqueue() has brought, in order */
    struct sched_share **heap; /* from 1: those that may run, by vtime */
    uint32_t nr;               /* how many are there */
    struct timers parked;      /* those that their cap keeps off */
    struct sched_share *share; /* of the one that runs, NULL when idle */
    struct sched_vcpu *runs;
    uint64_t load;     /* of all that are runnable; others read it */
    uint64_t floor;    /* the least vtime of all that could run; never falls */
    uint64_t since;    /* until when the time of the one that runs is charged */
    uint64_t turn_end; /* ns */
    uint64_t tick;     /* ns; 0: the one that runs has been told of none */
} __attribute__((aligned(128)));

extern struct fair_cpu fair_cpus[MAX_CPUS];

static inline bool vtime_before(uint64_t a, uint64_t b)
{
    return (int64_t)(a - b) < 0;
}

/* From 2 upward, so that 0 is never the one of now or the one before. */
static inline uint32_t fair_epoch(uint64_t now)
{
    return (uint32_t)(now >> FAIR_EPOCH_SHIFT) + 2;
}

static inline struct vcpu *fair_vcpu(struct sched_vcpu *s)
{
    return list_entry(s, struct vcpu, sched);
}

/* s, which is in no queue, waits in its share from now on. */
static inline void fair_begin_wait(struct sched_share *share,
                                   struct sched_vcpu *s, uint64_t now)
{
    list_add_last(&share->waiting, &s->queue_node);
    s->waits_since = now;
    s->sorted = true;
}

/* s, which was runnable and did not run, does not wait in its share any more.
 */
static inline void fair_end_wait(struct sched_vcpu *s, uint64_t now)
{
    s->sorted = false;
    fair_vcpu(s)->page->stolen_ns += now - s->waits_since;
}

#endif

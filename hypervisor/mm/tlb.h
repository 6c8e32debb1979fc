/* SPDX-License-Identifier: MIT
 *
 * When did a CPU last flush its TLB? A clock that ticks at each flush answers
 * that without asking the CPU, so that most flushes need not be done at all.
 *
 * Whoever takes a translation away reads the clock afterwards (a stamp). A
 * flush first makes the clock tick and takes the new time, then flushes, then
 * publishes that time as the CPU's. So a CPU whose time is above the stamp
 * began its flush after the translation was gone.
 */
#ifndef HYPERVISOR_MM_TLB_H
#define HYPERVISOR_MM_TLB_H

#include <stdint.h>

#include "hypervisor/base/spinlock.h"

extern uint64_t tlb_clock;

static inline uint64_t tlb_clock_now(void)
{
    return __atomic_load_n(&tlb_clock, __ATOMIC_SEQ_CST);
}

/* Flushes this CPU: everything, paging-structure caches included. */
void tlb_flush_local(void);

/*
 * Returns once every CPU in the mask has flushed later than the stamp. Those
 * that have need do nothing; the others are interrupted and waited for. Serves
 * the requests of others meanwhile, so two CPUs may wait for each other; so
 * does whoever waits for a lock: nobody is waited for longer than a call takes.
 * Returns how many others had to be waited for.
 */
unsigned int tlb_flush_later_than(uint64_t stamp, uint64_t cpus);

/* Flushes all CPUs in the mask. */
void tlb_flush_cpus(uint64_t cpus);

/* Goes to the hypervisor's root, if this CPU is on one of an owner that is
 * gone: whoever serves does that first (mm/owner_root.c). */
void tlb_leave_root(void);

#endif

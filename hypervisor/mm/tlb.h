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

#include <stdbool.h>
#include <stdint.h>

#include "hypervisor/base/spinlock.h"

struct memory_owner;

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

/*
 * None of the owner's vCPUs runs again, and none is on a CPU: those that are
 * still on one of its roots, since they have nothing to run, go to the
 * hypervisor's root soon. They are asked once; tlb_has_left() says when all
 * have.
 */
void tlb_leave(struct memory_owner *m);
bool tlb_has_left(const struct memory_owner *m);

#endif

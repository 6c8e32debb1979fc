/* SPDX-License-Identifier: MIT
 *
 * A machine for hypervisor/mm on the host: some frames, two domains that own
 * some of them, and CPUs that keep translations. What a CPU has cached stays
 * until it is flushed, whatever becomes of the entry that it was read from:
 * that is how a missing flush is seen.
 */
#ifndef TESTS_UNIT_MMU_H
#define TESTS_UNIT_MMU_H

#include <stdbool.h>
#include <stdint.h>

#include "hypervisor/mm/audit.h"
#include "hypervisor/mm/m2p.h"
#include "hypervisor/mm/paging.h"
#include "hypervisor/mm/table.h"
#include "hypervisor/mm/work.h"

#define MMU_FRAMES 64u
#define MMU_DOMAINS 2u
#define MMU_MAX_GFNS 24u /* a domain may have as many frames */

/* CPU 0 and 1 run the first domain, CPU 2 the second. */
#define MMU_CPUS 3u

extern struct memory_owner mmu_domains[MMU_DOMAINS];

/* The id of mmu_domains[d] is the least and the largest that there can be. */
#define MMU_FIRST_ID 1u
#define MMU_SECOND_ID 4095u
#define MMU_NO_ID 4000u /* and the next: of those that have ended */

/*
 * Begins with a new machine. The first domain gets nr_first frames, the other
 * nr_second; gfns count from 0.
 */
void mmu_create(unsigned int nr_first, unsigned int nr_second);

/* How many frames were free before the domains had any. */
extern size_t mmu_nr_free;

/* A domain in the place of one that has ended; and one that has, with its
 * frames gone, is found as the owner of nothing. */
void mmu_create_domain(unsigned int domain, unsigned int id,
                       unsigned int nr_frames);
void mmu_end_domain(unsigned int domain);

/* The frame of the domain with this gfn; MFN_NONE when there is none. */
mfn_t mmu_mfn(unsigned int domain, uint64_t gfn);

/* Whether the domain uses the frame as a table of level 1. */
bool mmu_is_l1(unsigned int domain, mfn_t mfn);

/* The first frame that is nobody's and that the allocator has. */
mfn_t mmu_free_mfn(void);

/* What was logged last, as much as there is room for; a test may empty it. */
#define MMU_LOG_SIZE 2000u
extern char mmu_log[MMU_LOG_SIZE];

/* audit_machine() of this one. */
uint64_t mmu_audit_machine(void);

/* Begins a call with so much work, as memory_begin() does, without the lock. */
struct memory_owner *mmu_begin(unsigned int domain, uint32_t work);

/* ---- CPUs (mmu_tlb.c) ---- */

/* Drops all translations and starts the clock anew. */
void mmu_tlb_reset(void);

unsigned int mmu_cpu_domain(unsigned int cpu);

/* The CPU has read an entry that says this of the frame. type TYPE_NONE: it
 * may be read; TYPE_WRITABLE: and written. */
void mmu_cache(unsigned int cpu, mfn_t mfn, enum frame_type type);
bool mmu_is_cached(unsigned int cpu, mfn_t mfn, enum frame_type type);

/*
 * Caches all that the CPU could find if it walked from the root (if it is not
 * 0) and from the tables that it has cached.
 */
void mmu_speculate(unsigned int cpu, mfn_t root);

/*
 * What is wrong with what the CPUs have cached, NULL if nothing: a frame that
 * can be written, or walked as a table, must be just that, and any must be
 * the domain's, or lent to it.
 */
const char *mmu_check_caches(void);

/* Called before and after each flush that is asked for, if set. */
extern void (*mmu_at_flush)(void);

/* Called when a memory lock is not free, as turn_lock_wait_here(). If it is not
 * set nobody has to wait. */
extern bool (*mmu_at_lock)(struct turn_lock *lock);

/* Who knows what is lent to the domain, if anybody does. */
extern bool (*mmu_is_lent)(unsigned int domain, mfn_t mfn, bool writable);

/* How often a CPU was flushed. */
unsigned int mmu_nr_flushes(unsigned int cpu);

/* Whether the CPUs other than 0 have to be waited for. A new machine: no. */
extern bool mmu_flush_waits;

#endif

/* SPDX-License-Identifier: MIT
 *
 * In place of hypervisor/mm/tlb.c: the same clock, and what a flush drops.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/mmu.h"

static struct cpu {
    uint64_t flush_time;
    unsigned int nr_flushes;
    uint8_t cached[MMU_FRAMES]; /* bit n: as enum frame_type n */
} cpus[MMU_CPUS];

uint64_t tlb_clock;
bool mmu_flush_waits;
void (*mmu_at_flush)(void);
bool (*mmu_at_lock)(struct turn_lock *lock);
bool (*mmu_is_lent)(unsigned int domain, mfn_t mfn, bool writable);

void mmu_tlb_reset(void)
{
    memset(cpus, 0, sizeof(cpus));
    tlb_clock = 1;
    mmu_flush_waits = false;
    for (unsigned int i = 0; i < MMU_CPUS; i++)
        cpus[i].flush_time = tlb_clock; /* they have nothing from before */
}

unsigned int mmu_cpu_domain(unsigned int cpu)
{
    return cpu == MMU_CPUS - 1;
}

unsigned int mmu_nr_flushes(unsigned int cpu)
{
    return cpus[cpu].nr_flushes;
}

/* ---- flushes ---- */

static void flush(struct cpu *cpu)
{
    cpu->flush_time = ++tlb_clock;
    cpu->nr_flushes++;
    memset(cpu->cached, 0, sizeof(cpu->cached));
}

unsigned int tlb_flush_later_than(uint64_t stamp, uint64_t mask)
{
    unsigned int waits = 0;

    if (mmu_at_flush)
        mmu_at_flush();
    for (unsigned int i = 0; i < MMU_CPUS; i++) {
        if ((mask >> i & 1) && cpus[i].flush_time <= stamp) {
            flush(&cpus[i]);
            waits += mmu_flush_waits && i != 0;
        }
    }
    if (mmu_at_flush)
        mmu_at_flush();
    return waits;
}

void tlb_serve(void)
{
}

/* One thread: only a test makes it wait. */
bool turn_lock_wait_here(struct turn_lock *lock)
{
    if (!mmu_at_lock)
        abort();
    return mmu_at_lock(lock);
}

/* ---- what is cached ---- */

void mmu_cache(unsigned int cpu, mfn_t mfn, enum frame_type type)
{
    cpus[cpu].cached[mfn] |= (uint8_t)(1 << type);
}

bool mmu_is_cached(unsigned int cpu, mfn_t mfn, enum frame_type type)
{
    return cpus[cpu].cached[mfn] >> type & 1;
}

/*
 * What the CPU sees in an entry of a table: not whether it may be there. It
 * sets the accessed bit, and the dirty bit.
 */
static void read_entry(unsigned int cpu, enum frame_type type, uint64_t *from)
{
    uint64_t entry = *from;
    mfn_t mfn = (entry & PARAPET_PTE_ADDRESS) >> PAGE_SHIFT;

    if (!(entry & PARAPET_PTE_P) || mfn >= MMU_FRAMES)
        return;
    *from |= PARAPET_PTE_A;
    if (type == TYPE_L1 && (entry & PARAPET_PTE_W))
        *from |= PARAPET_PTE_D;
    if (type == TYPE_L1)
        mmu_cache(cpu, mfn, entry & PARAPET_PTE_W ? TYPE_WRITABLE : TYPE_NONE);
    else
        mmu_cache(cpu, mfn, type == TYPE_USER_ROOT ? TYPE_L3 : type - 1);
}

static void walk_table(unsigned int cpu, mfn_t table, enum frame_type type)
{
    bool is_root = type == TYPE_L4 || type == TYPE_USER_ROOT;

    for (unsigned int i = 0; i < TABLE_ENTRIES; i++) {
        if (is_root && i >= HV_FIRST_SLOT && i < HV_FIRST_SLOT + HV_NR_SLOTS)
            continue;
        read_entry(cpu, type, &table_entries(table)[i]);
    }
}

void mmu_speculate(unsigned int cpu, mfn_t root)
{
    /* As a root it is in use: that it is one need not be cached. */
    if (root != 0)
        walk_table(cpu, root, TYPE_L4);
    for (int type = TYPE_L3; type >= TYPE_L1; type--) {
        for (mfn_t mfn = 0; mfn < MMU_FRAMES; mfn++) {
            if (mmu_is_cached(cpu, mfn, (enum frame_type)type))
                walk_table(cpu, mfn, (enum frame_type)type);
        }
    }
}

static bool is_lent(unsigned int cpu, mfn_t mfn)
{
    uint8_t cached = cpus[cpu].cached[mfn];
    const uint8_t page = 1 << TYPE_WRITABLE | 1 << TYPE_NONE;

    return mmu_is_lent && !(cached & (uint8_t)~page) &&
           mmu_is_lent(mmu_cpu_domain(cpu), mfn,
                       mmu_is_cached(cpu, mfn, TYPE_WRITABLE));
}

static const char *check_frame(unsigned int cpu, mfn_t mfn)
{
    uint64_t state = frame_state(frame_info(mfn));
    uint8_t cached = cpus[cpu].cached[mfn];

    if (cached == 0)
        return NULL;
    if ((state & STATE_OWNER) != mmu_domains[mmu_cpu_domain(cpu)].owner &&
        !is_lent(cpu, mfn))
        return "a CPU still has a translation to a frame of somebody else";
    if (state_type(state) == TYPE_LEFT)
        return NULL; /* it was writable memory, and nothing changes it */
    cached &= (uint8_t) ~(1 << TYPE_NONE);
    if (cached & (uint8_t) ~(1 << state_type(state)))
        return "a CPU still uses a frame by the type that it had";
    return NULL;
}

const char *mmu_check_caches(void)
{
    for (unsigned int cpu = 0; cpu < MMU_CPUS; cpu++) {
        for (mfn_t mfn = 0; mfn < MMU_FRAMES; mfn++) {
            const char *wrong = check_frame(cpu, mfn);

            if (wrong)
                return wrong;
        }
    }
    return NULL;
}

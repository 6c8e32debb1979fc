/* SPDX-License-Identifier: MIT */
#include "tests/unit/race.h"

#include <sched.h>

#define LOOKS 3 /* few, so that many give up */

uint64_t tlb_clock = 1;
_Thread_local unsigned int race_thread;

static uint64_t flush_times[MMU_CPUS];

void mmu_tlb_reset(void)
{
}

unsigned int mmu_cpu_domain(unsigned int cpu)
{
    return cpu == MMU_CPUS - 1;
}

/* There are more threads than CPUs: who waits lets the holder go on. */
void tlb_serve(void)
{
    sched_yield();
}

bool turn_lock_wait_here(struct turn_lock *lock)
{
    return turn_lock_wait(lock, race_thread, LOOKS, tlb_serve);
}

void race_lock(struct memory_owner *m)
{
    while (!memory_lock(m))
        ;
}

unsigned int tlb_flush_later_than(uint64_t stamp, uint64_t cpus)
{
    for (unsigned int i = 0; i < MMU_CPUS; i++) {
        if ((cpus >> i & 1) == 0 ||
            __atomic_load_n(&flush_times[i], __ATOMIC_SEQ_CST) > stamp)
            continue;
        __atomic_store_n(&flush_times[i],
                         __atomic_add_fetch(&tlb_clock, 1, __ATOMIC_SEQ_CST),
                         __ATOMIC_SEQ_CST);
    }
    return 0;
}

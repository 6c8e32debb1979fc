/* SPDX-License-Identifier: MIT */
#include "tests/unit/direct_map.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "hypervisor/base/spinlock.h"
#include "hypervisor/mm/frame.h"
#include "lib/macros.h"

void (*direct_map_at_wait)(const struct spinlock *lock);

/* In place of hypervisor/base/spinlock.c, for the frame allocator's lock. */
void spin_wait(const struct spinlock *lock, uint32_t ticket)
{
    while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket) {
        if (direct_map_at_wait)
            direct_map_at_wait(lock);
        sched_yield();
    }
}

void direct_map_reset(void)
{
    static int fixed = MAP_FIXED_NOREPLACE;

    if (mmap(paddr_to_vaddr(0), DIRECT_MAP_SIZE, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | fixed, -1,
             0) != paddr_to_vaddr(0)) {
        perror("no address space for the direct map");
        exit(1);
    }
    fixed = MAP_FIXED; /* the next time it replaces what is there */
}

void direct_map_add(uint64_t start, uint64_t end)
{
    uint64_t first = ALIGN_DOWN(start, PAGE_SIZE);

    if (end > DIRECT_MAP_SIZE ||
        mprotect(paddr_to_vaddr(first), ALIGN_UP(end, PAGE_SIZE) - first,
                 PROT_READ | PROT_WRITE) != 0) {
        perror("no memory for the direct map");
        exit(1);
    }
}

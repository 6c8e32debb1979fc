/* SPDX-License-Identifier: MIT
 *
 * What mm/table.c and mm/table_change.c share; others have mm/table.h.
 */
#ifndef GUEST_KERNEL_MM_TABLE_PARTS_H
#define GUEST_KERNEL_MM_TABLE_PARTS_H

#include <stdint.h>

#include "guest-kernel/mm/layout.h"
#include "guest-kernel/privops/mmu.h"

#define TABLE_ROOT_LEVEL 4

/* What one entry of that level maps. */
static inline uint64_t table_span(unsigned int level)
{
    return 1ul << (PAGE_SHIFT + 9 * (level - 1));
}

static inline unsigned int table_index(uint64_t vaddr, unsigned int level)
{
    return (unsigned int)(vaddr / table_span(level) % MMU_ENTRIES);
}

/* The entry for vaddr in the table of that level, or, when there is none, in
 * the lowest that there is: *level is then that one's. */
uint64_t *table_walk(const struct mmu_roots *roots, uint64_t vaddr,
                     unsigned int *level);

/* *entry = value, in a table of that level. One of the user's half of the
 * roots is in both of them. */
void table_set(const struct mmu_roots *roots, struct mmu_batch *batch,
               unsigned int level, uint64_t *entry, uint64_t value);

#endif

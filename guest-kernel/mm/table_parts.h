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

/* The first entry from i on that is not 0, MMU_ENTRIES if there is none. Most
 * are 0: eight at a time. */
static inline unsigned int table_next_set(const uint64_t *table, unsigned int i)
{
    const uint64_t *e;

    while (i < MMU_ENTRIES) {
        e = &table[i];
        if (i % 8 == 0 &&
            (e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7]) == 0)
            i += 8;
        else if (*e != 0)
            return i;
        else
            i++;
    }
    return MMU_ENTRIES;
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * What the files mm/space*.c share; others have mm/space.h.
 */
#ifndef GUEST_KERNEL_MM_SPACE_PARTS_H
#define GUEST_KERNEL_MM_SPACE_PARTS_H

#include "guest-kernel/mm/space.h"
#include "guest-kernel/privops/mmu.h"
#include "lib/list.h"

/* Bits of a page fault's error code (APM 2, 8.2.15). */
#define FAULT_WRITE 0x2ul
#define FAULT_EXEC 0x10ul

struct space {
    uint32_t refs;
    struct list_node areas;  /* struct area: what may be accessed */
    uint64_t *root;          /* what has been */
    uint64_t nr_pages;       /* that are mapped, or kept without rights */
    unsigned int nr_written; /* pages, when it was last cloned */
};

/* Whether the CPU may have translations of it. */
bool space_is_current(const struct space *space);

/* Whether it is a range of pages of user memory. */
bool space_is_range(uint64_t start, uint64_t size);

#endif

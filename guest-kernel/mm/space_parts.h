/* SPDX-License-Identifier: MIT
 *
 * What the files mm/space*.c share; others have mm/space.h.
 */
#ifndef GUEST_KERNEL_MM_SPACE_PARTS_H
#define GUEST_KERNEL_MM_SPACE_PARTS_H

#include "guest-kernel/mm/space.h"
#include "guest-kernel/privops/mmu.h"
#include "lib/list.h"

struct space {
    struct list_node areas; /* struct area: what may be accessed */
    struct mmu_roots roots; /* what has been */
};

/* Whether the CPU may have translations of it. */
bool space_is_current(const struct space *space);

#endif

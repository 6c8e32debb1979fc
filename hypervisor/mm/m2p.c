/* SPDX-License-Identifier: MIT
 *
 * Owns the table's frames. The hypervisor writes to it through its direct map;
 * guests see the same frames read-only.
 */
#include "hypervisor/mm/m2p.h"

#include "hypervisor/base/bug.h"
#include "hypervisor/mm/paging.h"
#include "lib/macros.h"

uint64_t *m2p;

bool m2p_init(uint64_t nr_frames)
{
    uint64_t size = ALIGN_UP(nr_frames * sizeof(uint64_t), PAGE_SIZE);
    mfn_t first = frame_alloc_run(size / PAGE_SIZE);

    /* One slot of the root is 512 GiB: more than RAM of any size needs. */
    BUG_ON(size > 1ul << 39);
    if (first == MFN_NONE)
        return false;
    m2p = frame_vaddr(first);
    for (uint64_t i = 0; i < size / sizeof(uint64_t); i++)
        m2p[i] = PARAPET_NO_GFN;
    for (uint64_t i = 0; i < size / PAGE_SIZE; i++) {
        if (!paging_map(paging_root(), PARAPET_M2P + i * PAGE_SIZE, first + i,
                        PTE_P | PTE_U | PTE_NX))
            return false;
    }
    return true;
}

/* SPDX-License-Identifier: MIT
 *
 * Owns which frames a domain begins with, and in which order.
 */
#include "hypervisor/core/domain_memory.h"

#include "abi/abi.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/mm/frame.h"
#include "hypervisor/mm/type.h"

uint64_t domain_memory_nr_gfns(const struct domain *d, uint64_t nr_frames)
{
    return nr_frames + 1 + NR_PAGES(PARAPET_DTB_MAX) +
           NR_PAGES(PARAPET_START_STACK_SIZE) + d->max_vcpus * VCPU_PAGES;
}

static void give(struct domain *d, mfn_t mfn)
{
    uint64_t gfn = d->memory.nr_gfns++;

    type_give(&d->memory, mfn, gfn);
    d->p2m[gfn] = mfn;
}

static void give_pages(struct domain *d, const void *pages, uint64_t nr)
{
    for (uint64_t i = 0; i < nr; i++)
        give(d, frame_of(pages) + i);
}

bool domain_memory_give(struct domain *d)
{
    for (uint64_t gfn = 0; gfn < d->nr_frames; gfn++)
        give(d, d->p2m[gfn]);
    d->p2m[d->memory.nr_gfns++] = frame_of(d->shared);
    give_pages(d, d->dtb, NR_PAGES(PARAPET_DTB_MAX));
    give_pages(d, d->start_stack, NR_PAGES(PARAPET_START_STACK_SIZE));
    while (d->nr_vcpus < d->max_vcpus) {
        uint64_t gfn = d->memory.nr_gfns;

        if (domain_vcpu_create(d, gfn, d->p2m + gfn))
            return false;
        d->memory.nr_gfns += VCPU_PAGES;
    }
    return true;
}

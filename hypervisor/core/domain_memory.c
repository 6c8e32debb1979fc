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
           NR_PAGES(PARAPET_START_STACK_SIZE) +
           d->nr_vcpus * (2 + NR_PAGES(sizeof(struct parapet_latency)));
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

/* Those that the hypervisor writes to stay what they are, for good. */
static void give_held(struct domain *d, const void *pages, uint64_t nr,
                      bool writable)
{
    give_pages(d, pages, nr);
    for (uint64_t i = 0; i < nr; i++)
        type_hold(&d->memory, frame_of(pages) + i, writable);
}

static void give_vcpu(struct domain *d, const struct vcpu *v)
{
    give_held(d, v->page, 1, true);
    give_held(d, v->counters, 1, false);
    give_held(d, v->latency, NR_PAGES(sizeof(*v->latency)), false);
}

void domain_memory_give(struct domain *d)
{
    type_owner_init(&d->memory, d->id);
    for (uint64_t gfn = 0; gfn < d->nr_frames; gfn++)
        give(d, d->p2m[gfn]);
    give_held(d, d->shared, 1, true);
    give_pages(d, d->dtb, NR_PAGES(PARAPET_DTB_MAX));
    give_pages(d, d->start_stack, NR_PAGES(PARAPET_START_STACK_SIZE));
    for (unsigned int i = 0; i < d->nr_vcpus; i++)
        give_vcpu(d, d->vcpus[i]);
}

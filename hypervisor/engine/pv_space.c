/* SPDX-License-Identifier: MIT
 *
 * The make-up of a pv guest's address space (abi/abi.h has the map). The
 * tables are the hypervisor's own and appear in no guest mapping.
 */
#include "abi/abi.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/elf.h"
#include "hypervisor/engine/pv.h"
#include "hypervisor/mm/paging.h"
#include "lib/macros.h"

#define GUEST_RW (PTE_P | PTE_U | PTE_W | PTE_NX)
#define GUEST_RO (PTE_P | PTE_U | PTE_NX)

static bool map_pages(const struct domain *d, uint64_t vaddr, const void *pages,
                      uint64_t size, uint64_t flags)
{
    for (uint64_t o = 0; o < size; o += PAGE_SIZE) {
        if (!paging_map(d->root, vaddr + o, frame_of(pages) + o / PAGE_SIZE,
                        flags))
            return false;
    }
    return true;
}

static bool map_shared(const struct domain *d)
{
    bool ok = map_pages(d, PARAPET_SHARED_PAGE, d->shared, PAGE_SIZE, GUEST_RW);

    ok = ok && map_pages(d, PARAPET_DTB, d->dtb, PARAPET_DTB_MAX, GUEST_RO);
    ok = ok && map_pages(d, PARAPET_START_STACK_TOP - PARAPET_START_STACK_SIZE,
                         d->start_stack, PARAPET_START_STACK_SIZE, GUEST_RW);
    for (uint64_t i = 0; ok && i < d->nr_vcpus; i++) {
        ok = map_pages(d, PARAPET_VCPU_PAGE(i), d->vcpus[i]->page, PAGE_SIZE,
                       GUEST_RW) &&
             map_pages(d, PARAPET_COUNTERS_PAGE(i), d->vcpus[i]->counters,
                       PAGE_SIZE, GUEST_RO) &&
             map_pages(d, PARAPET_LATENCY(i), d->vcpus[i]->latency,
                       sizeof(*d->vcpus[i]->latency), GUEST_RO);
    }
    return ok;
}

static bool map_memory(const struct domain *d)
{
    for (uint64_t gfn = 0; gfn < d->nr_frames; gfn++) {
        if (!paging_map(d->root, PARAPET_DIRECT_MAP + gfn * PAGE_SIZE,
                        d->p2m[gfn], GUEST_RW))
            return false;
    }
    return true;
}

static uint64_t segment_flags(const struct elf_segment *s)
{
    return PTE_P | PTE_U | (s->flags & ELF_WRITE ? PTE_W : 0) |
           (s->flags & ELF_EXECUTE ? 0 : PTE_NX);
}

/* elf_parse() has checked the addresses, elf_check_memory() the frames. */
static bool map_segment(const struct domain *d, const struct elf_segment *s)
{
    uint64_t first = ALIGN_DOWN(s->vaddr, PAGE_SIZE);
    uint64_t gfn = s->paddr / PAGE_SIZE;

    for (uint64_t v = first; v < s->vaddr + s->memsz; v += PAGE_SIZE) {
        if (!paging_map(d->root, v, d->p2m[gfn++], segment_flags(s)))
            return false;
    }
    return true;
}

bool pv_address_space_create(struct domain *d, const struct elf_image *kernel)
{
    d->root = paging_new_root();
    if (d->root == MFN_NONE || !map_shared(d) || !map_memory(d))
        return false;
    for (unsigned int i = 0; i < kernel->nr_segments; i++) {
        if (!map_segment(d, &kernel->segments[i]))
            return false;
    }
    return true;
}

/* SPDX-License-Identifier: MIT
 *
 * What the first address space has, as a list of ranges in ascending order of
 * vaddr. Private to the builder: one list to count the tables by, and to write
 * them by.
 */
#ifndef LIB_BUILDER_RANGE_H
#define LIB_BUILDER_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/memory.h"
#include "lib/builder/build.h"

#define BUILD_PAGE_SIZE UINT64_C(4096)
#define BUILD_PAGE_SHIFT 12
#define BUILD_TABLE_ENTRIES UINT64_C(512)
#define BUILD_PAGES(bytes)                                                     \
    (((uint64_t)(bytes) + BUILD_PAGE_SIZE - 1) / BUILD_PAGE_SIZE)

/* The bits of entries: memory to write to, and to read; a table. */
#define BUILD_RW (PARAPET_PTE_P | PARAPET_PTE_W | PARAPET_PTE_NX)
#define BUILD_RO (PARAPET_PTE_P | PARAPET_PTE_NX)
#define BUILD_TABLE (PARAPET_PTE_P | PARAPET_PTE_W)

/* nr_pages gfns from gfn on, at vaddr; not 0. */
struct build_range {
    uint64_t vaddr;
    uint64_t gfn;
    uint64_t nr_pages;
    uint64_t flags;
    bool is_segment;
    uint64_t first_page; /* of a segment: see struct build_plan */
};

/* Not 0: the list is not gone on with. */
typedef int build_visit_t(void *context, const struct build_range *range);

/* The direct map is the first: its pages differ, and it is for the caller. */
int build_each_range(const struct build_plan *plan, build_visit_t *visit,
                     void *context);

/* The n-th segment by vaddr, and the pages that it has a part of. */
static inline const struct elf_segment *
build_segment(const struct build_plan *plan, unsigned int n)
{
    return &plan->description->kernel->segments[plan->by_vaddr[n]];
}

static inline uint64_t build_segment_pages(const struct elf_segment *s)
{
    return BUILD_PAGES(s->vaddr % BUILD_PAGE_SIZE + s->memsz);
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * Where everything of a domain lies (build.h has the picture), and how many
 * page tables there are: counted, so that each frame above the P2M is known to
 * be a table or not before the first entry is written.
 */
#include "abi/abi.h"
#include "abi/errors.h"
#include "lib/builder/build.h"
#include "lib/builder/range.h"
#include "lib/builder/refuse.h"
#include "lib/macros.h"
#include "lib/string.h"

/* The direct map and the P2M have room for twice as much. */
#define MAX_MEMORY (UINT64_C(1) << 45)

/* ---- what is asked for ---- */

static int check_numbers(const struct build_description *d, char *why,
                         size_t why_size)
{
    if (d->memory_bytes == 0 || d->memory_bytes > MAX_MEMORY ||
        d->memory_bytes % BUILD_PAGE_SIZE != 0)
        return refuse(why, why_size,
                      "memory: expected a multiple of %lu bytes, at most %lu, "
                      "got %lu",
                      BUILD_PAGE_SIZE, MAX_MEMORY, d->memory_bytes);
    if (d->nr_vcpus < 1 || d->nr_vcpus > PARAPET_MAX_VCPUS)
        return refuse(why, why_size, "vcpus: expected 1 to %u, got %u",
                      PARAPET_MAX_VCPUS, d->nr_vcpus);
    return elf_check_memory(d->kernel, d->memory_bytes, why, why_size);
}

static uint64_t end_of_kernel(const struct elf_image *kernel)
{
    uint64_t end = 0;

    for (unsigned int i = 0; i < kernel->nr_segments; i++)
        end = MAX(end, kernel->segments[i].paddr + kernel->segments[i].memsz);
    return end;
}

/* It starts on a page, at the top of memory. */
static int place_ramdisk(struct build_plan *plan, char *why, size_t why_size)
{
    const struct build_description *d = plan->description;
    uint64_t memory = d->memory_bytes;

    if (!d->ramdisk)
        return 0;
    if (d->ramdisk_size > memory ||
        ALIGN_DOWN(memory - d->ramdisk_size, BUILD_PAGE_SIZE) <
            end_of_kernel(d->kernel)) {
        (void)refuse(why, why_size,
                     "ramdisk %s: expected it to fit above the kernel into %lu "
                     "KiB; got %lu KiB",
                     d->ramdisk_name, memory / 1024, d->ramdisk_size / 1024);
        return -PARAPET_ENOSPC;
    }
    plan->ramdisk_paddr = ALIGN_DOWN(memory - d->ramdisk_size, BUILD_PAGE_SIZE);
    return 0;
}

/* An ELF file has them in any order. */
static void sort_segments(struct build_plan *plan)
{
    const struct elf_image *kernel = plan->description->kernel;

    plan->nr_segments = kernel->nr_segments;
    for (unsigned int i = 0; i < kernel->nr_segments; i++) {
        unsigned int at = i;

        for (; at > 0 && kernel->segments[plan->by_vaddr[at - 1]].vaddr >
                             kernel->segments[i].vaddr;
             at--)
            plan->by_vaddr[at] = plan->by_vaddr[at - 1];
        plan->by_vaddr[at] = (uint8_t)i;
    }
    for (unsigned int i = 0; i < kernel->nr_segments; i++) {
        plan->first_page[i] = plan->nr_segment_pages;
        plan->nr_segment_pages += build_segment_pages(build_segment(plan, i));
    }
}

/* ---- how many tables ---- */

#define LEVELS 3 /* and one root */

struct count {
    uint64_t nr;
    uint64_t last[LEVELS]; /* the table that was counted last */
};

/* The ranges ascend: only its first table may have been counted. */
static int count_range(void *context, const struct build_range *range)
{
    struct count *count = context;
    uint64_t first = range->vaddr >> BUILD_PAGE_SHIFT;
    uint64_t last = first + range->nr_pages - 1;

    for (unsigned int level = 0; level < LEVELS; level++) {
        first /= BUILD_TABLE_ENTRIES;
        last /= BUILD_TABLE_ENTRIES;
        count->nr += last - first + (first == count->last[level] ? 0 : 1);
        count->last[level] = last;
    }
    return 0;
}

static uint64_t count_tables(const struct build_plan *plan)
{
    const struct build_range direct = {.vaddr = PARAPET_DIRECT_MAP,
                                       .nr_pages = plan->nr_gfns};
    struct count count = {.nr = 1};

    (void)count_range(&count, &direct);
    (void)build_each_range(plan, count_range, &count);
    return count.nr;
}

/* ---- the plan ---- */

/*
 * P2M and tables are for their own frames, too. Each turn asks for what the
 * one before found to be needed, which only grows: by a five-hundredth.
 */
static void place_tables(struct build_plan *plan)
{
    uint64_t need = plan->p2m_gfn;

    do {
        plan->nr_gfns = need;
        plan->tables_gfn = plan->p2m_gfn + BUILD_PAGES(need * sizeof(uint64_t));
        plan->nr_tables = count_tables(plan);
        need = plan->tables_gfn + plan->nr_tables;
    } while (need > plan->nr_gfns);
}

/* What lies above the memory, up to the P2M. */
static void place_upper(struct build_plan *plan)
{
    const struct build_description *d = plan->description;

    plan->start_gfn = d->memory_bytes / BUILD_PAGE_SIZE;
    plan->grant_gfn = plan->start_gfn + 1;
    plan->dtb_gfn = plan->grant_gfn + 1;
    plan->stack_gfn = plan->dtb_gfn + BUILD_PAGES(PARAPET_DTB_MAX);
    plan->vcpu_gfn = plan->stack_gfn + BUILD_PAGES(PARAPET_START_STACK_SIZE);
    if (d->served) {
        plan->bus_gfn = plan->vcpu_gfn++;
        plan->console_gfn = plan->vcpu_gfn++;
    }
    plan->p2m_gfn = plan->vcpu_gfn + d->nr_vcpus * BUILDER_VCPU_PAGES;
}

int build_plan(const struct build_description *description,
               struct build_plan *plan, char *why, size_t why_size)
{
    int error = check_numbers(description, why, why_size);

    if (error)
        return error;
    memset(plan, 0, sizeof(*plan));
    plan->description = description;
    error = place_ramdisk(plan, why, why_size);
    if (error)
        return error;
    sort_segments(plan);
    place_upper(plan);
    place_tables(plan);
    plan->scratch_size =
        PARAPET_DTB_MAX + sizeof(uint64_t) * (plan->nr_gfns - plan->start_gfn +
                                              plan->nr_segment_pages);
    return 0;
}

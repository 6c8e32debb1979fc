/* SPDX-License-Identifier: MIT
 *
 * The tables below the kernel's root are walked as a user's are. All are made
 * at the start, so that none comes or goes later.
 */
#include "guest-kernel/mm/kernel_area.h"

#include "guest-kernel/core/panic.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/table.h"
#include "guest-kernel/privops/mmu.h"
#include "lib/macros.h"

#define MAX_PAGES 16u

#define KERNEL_BITS                                                            \
    (PARAPET_PTE_P | PARAPET_PTE_W | PARAPET_PTE_A | PARAPET_PTE_D |           \
     PARAPET_PTE_NX)

bool kernel_area_prepare(uint64_t start, uint64_t end)
{
    for (; start < end; start += TABLE_SPAN)
        if (!table_fill(mmu_kernel_root(), start, NULL, 0))
            return false;
    return true;
}

static void free_pages(const uint64_t *values, unsigned int nr)
{
    while (nr > 0)
        page_free(mmu_page(values[--nr]));
}

bool kernel_area_map(uint64_t start, unsigned int nr_pages)
{
    uint64_t values[MAX_PAGES];
    unsigned int i;
    void *page;

    BUG_ON(nr_pages > MAX_PAGES);
    for (i = 0; i < nr_pages; i++) {
        page = page_alloc(0);
        if (page == NULL)
            break;
        values[i] = mmu_address(page) | KERNEL_BITS;
    }
    if (i == nr_pages && table_fill(mmu_kernel_root(), start, values, nr_pages))
        return true;
    free_pages(values, i);
    return false;
}

void kernel_area_unmap(uint64_t start, unsigned int nr_pages)
{
    const uint64_t *entries = table_find(mmu_kernel_root(), start);
    uint64_t values[MAX_PAGES];
    struct mmu_batch batch;
    unsigned int i;

    BUG_ON(nr_pages > MAX_PAGES || entries == NULL);
    mmu_batch_init(&batch);
    for (i = 0; i < nr_pages; i++) {
        values[i] = entries[i];
        mmu_batch_set(&batch, &entries[i], 0);
    }
    mmu_batch_flush(&batch);
    mmu_invalidate_kernel();
    free_pages(values, nr_pages);
}

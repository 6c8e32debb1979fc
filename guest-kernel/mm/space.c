/* SPDX-License-Identifier: MIT
 *
 * Address spaces as lists of areas: mapping is a matter of the list alone,
 * since pages come later, by page faults (mm/space_fault.c).
 */
#include "guest-kernel/mm/space.h"

#include "abi/errors.h"
#include "guest-kernel/mm/area.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/mm/space_parts.h"
#include "guest-kernel/mm/table.h"
#include "guest-kernel/mm/user_page.h"
#include "guest-kernel/privops/privops.h"

#define ALL_RIGHTS (SPACE_READ | SPACE_WRITE | SPACE_EXEC)

/* NULL: the kernel's own. */
static const struct space *current;

struct space *space_create(void)
{
    struct space *space = kmalloc(sizeof(*space));

    if (space == NULL)
        return NULL;
    list_init(&space->areas);
    if (!mmu_roots_create(&space->roots)) {
        kfree(space);
        return NULL;
    }
    return space;
}

void space_destroy(struct space *space)
{
    if (space == NULL)
        return;
    if (space_is_current(space))
        space_switch(NULL);
    table_destroy(&space->roots);
    area_free_all(&space->areas);
    kfree(space);
}

void space_switch(struct space *space)
{
    bool irq_on = privops_irq_save();

    if (current != space) {
        mmu_roots_switch(space != NULL ? &space->roots : NULL);
        current = space;
    }
    privops_irq_restore(irq_on);
}

bool space_is_current(const struct space *space)
{
    return current == space;
}

static bool is_user_range(uint64_t start, uint64_t size)
{
    return size != 0 && (start | size) % PAGE_SIZE == 0 &&
           start >= SPACE_USER_START && start < SPACE_USER_END &&
           size <= SPACE_USER_END - start;
}

/* No page table can say that a page may be written and not read. */
static unsigned int with_read(unsigned int prot)
{
    return prot != 0 ? prot | SPACE_READ : 0;
}

int space_map(struct space *space, uint64_t start, uint64_t size,
              unsigned int prot, const void *image, size_t image_size)
{
    struct area *above;

    if (!is_user_range(start, size) || (prot & ~ALL_RIGHTS) != 0 ||
        image_size > size)
        return -PARAPET_EINVAL;
    above = area_first_above(&space->areas, start);
    if (above != NULL && above->start < start + size)
        return -PARAPET_EEXIST;
    if (!area_add(&space->areas, start, start + size, with_read(prot), image,
                  image_size))
        return -PARAPET_ENOMEM;
    return 0;
}

int space_unmap(struct space *space, uint64_t start, uint64_t size)
{
    uint64_t vaddr = start, end = start + size, *entry;
    bool invalidate = space_is_current(space);
    struct table_change change;

    if (!is_user_range(start, size))
        return -PARAPET_EINVAL;
    if (!area_remove(&space->areas, start, end))
        return -PARAPET_ENOMEM;
    table_change_begin(&change);
    while ((entry = table_next(&space->roots, &vaddr, end)) != NULL) {
        table_change_clear(&change, entry);
        vaddr += PAGE_SIZE;
    }
    table_change_end(&change, invalidate);
    table_prune(&space->roots, start, end, invalidate);
    return 0;
}

/* What the entry has to say under the new rights. A shared page stays
 * read-only: its first write makes a copy. */
static uint64_t with_rights(uint64_t entry, unsigned int prot)
{
    const void *page = table_entry_page(entry);

    if (user_page_is_shared(page))
        prot &= ~SPACE_WRITE;
    return table_entry(page, prot);
}

int space_protect(struct space *space, uint64_t start, uint64_t size,
                  unsigned int prot)
{
    uint64_t vaddr = start, end = start + size, *entry;
    struct table_change change;

    if (!is_user_range(start, size) || (prot & ~ALL_RIGHTS) != 0)
        return -PARAPET_EINVAL;
    prot = with_read(prot);
    if (!area_covers(&space->areas, start, end) ||
        !area_protect(&space->areas, start, end, prot))
        return -PARAPET_ENOMEM;
    table_change_begin(&change);
    while ((entry = table_next(&space->roots, &vaddr, end)) != NULL) {
        mmu_batch_set(&change.batch, entry, with_rights(*entry, prot));
        vaddr += PAGE_SIZE;
    }
    table_change_end(&change, space_is_current(space));
    return 0;
}

uint64_t space_find_gap(struct space *space, uint64_t size)
{
    if (size % PAGE_SIZE != 0)
        return 0;
    return area_find_gap(&space->areas, SPACE_USER_START, SPACE_USER_END, size);
}

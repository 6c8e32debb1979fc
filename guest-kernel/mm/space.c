/* SPDX-License-Identifier: MIT
 *
 * Address spaces as lists of areas: mapping is a matter of the list alone,
 * since pages come later, by page faults (mm/space_fault.c).
 */
#include "guest-kernel/mm/space.h"

#include "guest-kernel/errno.h"
#include "guest-kernel/mm/area.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/mm/space_parts.h"
#include "guest-kernel/mm/table.h"
#include "guest-kernel/mm/user_page.h"
#include "guest-kernel/privops/privops.h"
#include "lib/macros.h"

#define ALL_RIGHTS (SPACE_READ | SPACE_WRITE | SPACE_EXEC)

/* NULL: the kernel's own. */
static const struct space *current;

/* ---- life ---- */

struct space *space_create(void)
{
    struct space *space = kzalloc(sizeof(*space));

    if (space == NULL)
        return NULL;
    space->refs = 1;
    list_init(&space->areas);
    space->root = mmu_root_create();
    if (space->root == NULL) {
        kfree(space);
        return NULL;
    }
    return space;
}

struct space *space_get(struct space *space)
{
    space->refs++;
    return space;
}

/* What is mapped in [start, end), and is not current or will be invalidated. */
static void clear(struct space *space, uint64_t start, uint64_t end)
{
    struct table_change change;

    table_change_begin(&change);
    table_change_clear(&change, space->root, start, end);
    table_change_end(&change, space_is_current(space));
    space->nr_pages -= change.nr_dropped;
}

void space_put(struct space *space)
{
    if (space == NULL || --space->refs > 0)
        return;
    if (space_is_current(space))
        space_switch(NULL);
    clear(space, 0, SPACE_USER_END);
    mmu_root_free(space->root);
    area_free_all(&space->areas);
    kfree(space);
}

void space_switch(struct space *space)
{
    bool irq_on = privops_irq_save();

    if (current != space) {
        mmu_root_switch(space != NULL ? space->root : NULL);
        current = space;
    }
    privops_irq_restore(irq_on);
}

bool space_is_current(const struct space *space)
{
    return current == space;
}

/* ---- areas ---- */

bool space_is_range(uint64_t start, uint64_t size)
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

static bool has_room(struct space *space)
{
    return area_count(&space->areas) < SPACE_MAX_AREAS;
}

/* Whether there is one more area without the range: it is in one's middle. */
static bool makes_two(struct space *space, uint64_t start, uint64_t end)
{
    const struct area *area = area_at(&space->areas, start);

    return area != NULL && area->start < start && area->end > end;
}

int space_map(struct space *space, uint64_t start, uint64_t size,
              unsigned int prot, const struct space_source *source)
{
    if (!space_is_range(start, size) || (prot & ~ALL_RIGHTS) != 0)
        return -EINVAL;
    if (source != NULL &&
        (source->offset % PAGE_SIZE != 0 || source->offset + size < size ||
         (!source->shared && source->size > size)))
        return -EINVAL;
    if (!area_is_free(&space->areas, start, start + size))
        return -EEXIST;
    if (!has_room(space) ||
        !area_add(&space->areas, start, start + size, with_read(prot), source))
        return -ENOMEM;
    return 0;
}

int space_unmap(struct space *space, uint64_t start, uint64_t size)
{
    if (!space_is_range(start, size))
        return -EINVAL;
    if (makes_two(space, start, start + size) && !has_room(space))
        return -ENOMEM;
    if (!area_remove(&space->areas, start, start + size))
        return -ENOMEM;
    clear(space, start, start + size);
    return 0;
}

int space_forget(struct space *space, uint64_t start, uint64_t size)
{
    if (!space_is_range(start, size))
        return -EINVAL;
    clear(space, start, start + size);
    return 0;
}

/* What the entry has to say under the new rights. A page of a private area
 * that others have, too, stays read-only: its first write makes a copy. */
static uint64_t with_rights(uint64_t entry, const struct area *area)
{
    const void *page = table_entry_page(entry);
    unsigned int prot = area->prot;

    if (!area->source.shared && user_page_is_shared(page))
        prot &= ~SPACE_WRITE;
    return table_entry(page, prot);
}

int space_protect(struct space *space, uint64_t start, uint64_t size,
                  unsigned int prot)
{
    uint64_t vaddr = start, end = start + size, *entry;
    const struct area *area;
    struct table_change change;

    if (!space_is_range(start, size) || (prot & ~ALL_RIGHTS) != 0)
        return -EINVAL;
    if (!has_room(space) || !area_covers(&space->areas, start, end) ||
        !area_protect(&space->areas, start, end, with_read(prot)))
        return -ENOMEM;
    table_change_begin(&change);
    area = area_at(&space->areas, start);
    while ((entry = table_next(space->root, &vaddr, end)) != NULL) {
        while (area->end <= vaddr)
            area = list_entry(area->node.next, struct area, node);
        mmu_batch_set(&change.batch, entry, with_rights(*entry, area));
        vaddr += PAGE_SIZE;
    }
    table_change_end(&change, space_is_current(space));
    return 0;
}

bool space_may_write(struct space *space, uint64_t start, uint64_t size)
{
    const struct area *area;

    list_for_each_entry (area, &space->areas, node)
        if (area->source.read_only && area->end > start &&
            area->start < start + size)
            return false;
    return true;
}

bool space_is_mapped(struct space *space, uint64_t start, uint64_t size)
{
    return space_is_range(start, size) &&
           area_covers(&space->areas, start, start + size);
}

bool space_has_page(struct space *space, uint64_t vaddr)
{
    const uint64_t *entry = NULL;

    if (vaddr < SPACE_USER_END)
        entry = table_find(space->root, vaddr);
    return entry != NULL && *entry != 0;
}

uint64_t space_find_gap(struct space *space, uint64_t size)
{
    if (size % PAGE_SIZE != 0)
        return 0;
    return area_find_gap(&space->areas, SPACE_USER_START, SPACE_USER_END, size);
}

bool space_key(struct space *space, uint64_t vaddr, struct space_key *key)
{
    const struct area *area = area_at(&space->areas, vaddr);

    if (area == NULL)
        return false;
    key->owner = space;
    key->offset = vaddr;
    if (area->source.shared) {
        key->owner = area->source.object;
        key->offset = area->source.offset + (vaddr - area->start);
    }
    return true;
}

/* ---- for /proc ---- */

void space_get_statistics(struct space *space, struct space_statistics *out)
{
    const struct area *area;

    out->nr_pages = space->nr_pages;
    out->nr_area_pages = 0;
    list_for_each_entry (area, &space->areas, node)
        out->nr_area_pages += (area->end - area->start) / PAGE_SIZE;
}

bool space_next_area(const struct space *space, const struct list_node **at,
                     struct space_area *out)
{
    const struct area *area;

    *at = (*at != NULL ? *at : &space->areas)->next;
    if (*at == &space->areas)
        return false;
    area = list_entry(*at, struct area, node);
    *out = (struct space_area){
        .start = area->start,
        .end = area->end,
        .prot = area->prot,
        .offset = area->source.offset,
        .shared = area->source.shared,
        .has_object = area->source.object != NULL,
    };
    return true;
}

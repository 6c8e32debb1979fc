/* SPDX-License-Identifier: MIT
 *
 * Moving what is mapped: the tables that it will need come first, since they
 * are what there may be no memory for; then the area; then the entries.
 */
#include "guest-kernel/errno.h"
#include "guest-kernel/mm/area.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/space_parts.h"
#include "guest-kernel/mm/table.h"

/* For each page that is there, a table at its new place. */
static bool make_tables(struct space *space, uint64_t start, uint64_t end,
                        uint64_t to)
{
    uint64_t vaddr = start;

    while (table_next(space->root, &vaddr, end) != NULL) {
        if (!table_fill(space->root, vaddr - start + to, NULL, 0))
            return false;
        vaddr += PAGE_SIZE;
    }
    return true;
}

static void move_entries(struct space *space, uint64_t start, uint64_t end,
                         uint64_t to)
{
    struct table_change change;
    uint64_t vaddr = start, *entry;

    table_change_begin(&change);
    while ((entry = table_next(space->root, &vaddr, end)) != NULL) {
        mmu_batch_set(&change.batch,
                      table_find(space->root, vaddr - start + to), *entry);
        mmu_batch_set(&change.batch, entry, 0);
        vaddr += PAGE_SIZE;
    }
    table_change_end(&change, space_is_current(space));
}

/* Frees the tables in a range that have nothing in them. */
static void clear_tables(struct space *space, uint64_t start, uint64_t end)
{
    struct table_change change;

    table_change_begin(&change);
    table_change_clear(&change, space->root, start, end);
    table_change_end(&change, space_is_current(space));
}

static bool move(struct space *space, uint64_t start, uint64_t end, uint64_t to,
                 uint64_t new_size)
{
    uint64_t new_end = to + (end - start);

    if (to == start)
        return area_move(&space->areas, start, end, to, new_size);
    if (!make_tables(space, start, end, to) ||
        !area_move(&space->areas, start, end, to, new_size)) {
        clear_tables(space, to, new_end);
        return false;
    }
    move_entries(space, start, end, to);
    clear_tables(space, start, end);
    return true;
}

int space_move(struct space *space, uint64_t start, uint64_t size, uint64_t to,
               uint64_t new_size)
{
    uint64_t end = start + size, first_new = to == start ? end : to;
    const struct area *area;

    if (!space_is_range(start, size) || !space_is_range(to, new_size) ||
        new_size < size)
        return -EINVAL;
    area = area_at(&space->areas, start);
    if (area == NULL || area->end < end ||
        area->source.offset + (start - area->start) + new_size < new_size)
        return -EFAULT;
    if (first_new < to + new_size &&
        !area_is_free(&space->areas, first_new, to + new_size))
        return -EEXIST;
    if (area_count(&space->areas) >= SPACE_MAX_AREAS ||
        !move(space, start, end, to, new_size))
        return -ENOMEM;
    return 0;
}

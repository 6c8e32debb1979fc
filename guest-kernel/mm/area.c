/* SPDX-License-Identifier: MIT
 *
 * Whatever changes a range first cuts the areas at its two ends, which is all
 * that can fail, and then handles whole areas. At the end neighbours that
 * could be one area become one: a heap that grows page by page stays one.
 */
#include "guest-kernel/mm/area.h"

#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/slab.h"
#include "lib/macros.h"

struct area *area_first_above(struct list_node *areas, uint64_t vaddr)
{
    struct area *area;

    list_for_each_entry (area, areas, node)
        if (area->end > vaddr)
            return area;
    return NULL;
}

struct area *area_at(struct list_node *areas, uint64_t vaddr)
{
    struct area *area = area_first_above(areas, vaddr);

    return area != NULL && area->start <= vaddr ? area : NULL;
}

/* Before where, which is an area's node or the list itself. */
static struct area *insert(struct list_node *where, const struct area *contents)
{
    struct area *area = kmalloc(sizeof(*area));

    if (area == NULL)
        return NULL;
    *area = *contents;
    list_insert_before(where, &area->node);
    return area;
}

/* Makes of the area around vaddr, if there is one, two that meet there. */
static bool cut(struct list_node *areas, uint64_t vaddr)
{
    struct area *upper = area_at(areas, vaddr), lower;
    size_t before;

    if (upper == NULL || upper->start == vaddr)
        return true;
    lower = *upper;
    before = MIN(upper->image_size, vaddr - upper->start);
    lower.end = vaddr;
    lower.image_size = before;
    if (insert(&upper->node, &lower) == NULL)
        return false;
    upper->start = vaddr;
    upper->image_size -= before;
    if (upper->image_size > 0)
        upper->image += before;
    return true;
}

/* Whether b goes on where a ends, contents included. */
static bool are_one(const struct area *a, const struct area *b)
{
    if (a->end != b->start || a->prot != b->prot)
        return false;
    if (b->image_size == 0)
        return true;
    return a->image_size == a->end - a->start &&
           a->image + a->image_size == b->image;
}

static void join_neighbours(struct list_node *areas)
{
    struct area *area, *next, *previous = NULL;

    list_for_each_entry_safe (area, next, areas, node) {
        if (previous == NULL || !are_one(previous, area)) {
            previous = area;
            continue;
        }
        previous->end = area->end;
        previous->image_size += area->image_size;
        list_remove(&area->node);
        kfree(area);
    }
}

static bool cut_ends(struct list_node *areas, uint64_t start, uint64_t end)
{
    if (cut(areas, start) && cut(areas, end))
        return true;
    join_neighbours(areas);
    return false;
}

bool area_add(struct list_node *areas, uint64_t start, uint64_t end,
              unsigned int prot, const void *image, size_t image_size)
{
    const struct area contents = {.start = start,
                                  .end = end,
                                  .prot = prot,
                                  .image = image,
                                  .image_size = image_size};
    struct area *above = area_first_above(areas, start);

    if (insert(above != NULL ? &above->node : areas, &contents) == NULL)
        return false;
    join_neighbours(areas);
    return true;
}

bool area_remove(struct list_node *areas, uint64_t start, uint64_t end)
{
    struct area *area, *next;

    if (!cut_ends(areas, start, end))
        return false;
    list_for_each_entry_safe (area, next, areas, node) {
        if (area->start < start || area->end > end)
            continue;
        list_remove(&area->node);
        kfree(area);
    }
    return true;
}

bool area_protect(struct list_node *areas, uint64_t start, uint64_t end,
                  unsigned int prot)
{
    struct area *area;

    if (!cut_ends(areas, start, end))
        return false;
    list_for_each_entry (area, areas, node)
        if (area->start >= start && area->end <= end)
            area->prot = prot;
    join_neighbours(areas);
    return true;
}

bool area_covers(struct list_node *areas, uint64_t start, uint64_t end)
{
    struct area *area;

    list_for_each_entry (area, areas, node)
        if (area->start <= start && area->end > start)
            start = area->end;
    return start >= end;
}

uint64_t area_find_gap(struct list_node *areas, uint64_t low, uint64_t high,
                       uint64_t size)
{
    uint64_t needed = size + 2 * PAGE_SIZE, best = 0, start = low;
    struct area *area;

    if (size == 0 || needed < size)
        return 0;
    list_for_each_entry (area, areas, node) {
        if (area->start >= start && area->start - start >= needed)
            best = area->start - PAGE_SIZE - size;
        start = area->end;
    }
    if (high >= start && high - start >= needed)
        best = high - PAGE_SIZE - size;
    return best;
}

bool area_copy_all(struct list_node *to, struct list_node *from)
{
    struct area *area;

    list_for_each_entry (area, from, node)
        if (insert(to, area) == NULL)
            return false;
    return true;
}

void area_free_all(struct list_node *areas)
{
    struct area *area, *next;

    list_for_each_entry_safe (area, next, areas, node) {
        list_remove(&area->node);
        kfree(area);
    }
}

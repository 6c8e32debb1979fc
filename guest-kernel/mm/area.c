/* SPDX-License-Identifier: MIT
 *
 * Whatever changes a range first cuts the areas at its two ends, which is all
 * that can fail, and then handles whole areas. At the end neighbours that
 * could be one area become one: a heap that grows page by page stays one.
 */
#include "guest-kernel/mm/area.h"

#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/object.h"
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

bool area_is_free(struct list_node *areas, uint64_t start, uint64_t end)
{
    struct area *above = area_first_above(areas, start);

    return above == NULL || above->start >= end;
}

/* Before where, which is an area's node or the list itself. */
static struct area *insert(struct list_node *where, const struct area *contents)
{
    struct area *area = kmalloc(sizeof(*area));

    if (area == NULL)
        return NULL;
    *area = *contents;
    if (area->source.object != NULL)
        (void)object_get(area->source.object);
    list_insert_before(where, &area->node);
    return area;
}

static void drop(struct area *area)
{
    list_remove(&area->node);
    object_put(area->source.object);
    kfree(area);
}

/* An area without any of its object's contents needs none. */
static void forget_empty(struct area *area)
{
    if (area->source.shared || area->source.size > 0)
        return;
    object_put(area->source.object);
    area->source = (struct space_source){.object = NULL};
}

/* Makes of the area around vaddr, if there is one, two that meet there. */
static bool cut(struct list_node *areas, uint64_t vaddr)
{
    struct area *upper = area_at(areas, vaddr), *lower;
    uint64_t before;

    if (upper == NULL || upper->start == vaddr)
        return true;
    lower = insert(&upper->node, upper);
    if (lower == NULL)
        return false;
    before = vaddr - upper->start;
    lower->end = vaddr;
    lower->source.size = MIN(lower->source.size, before);
    upper->start = vaddr;
    upper->source.size -= lower->source.size;
    upper->source.offset += before;
    forget_empty(upper);
    return true;
}

/* Whether b goes on where a ends, contents included. */
static bool are_one(const struct area *a, const struct area *b)
{
    uint64_t size = a->end - a->start;

    if (a->end != b->start || a->prot != b->prot ||
        a->source.shared != b->source.shared ||
        a->source.read_only != b->source.read_only)
        return false;
    if (b->source.object == NULL)
        return true;
    return a->source.object == b->source.object &&
           a->source.offset + size == b->source.offset &&
           (a->source.shared || a->source.size == size);
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
        previous->source.size += area->source.size;
        drop(area);
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
              unsigned int prot, const struct space_source *source)
{
    struct area contents = {.start = start, .end = end, .prot = prot};
    struct area *above = area_first_above(areas, start);

    if (source != NULL && (source->shared || source->size > 0)) {
        contents.source = *source;
        contents.source.size = source->shared ? 0 : source->size;
    }
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
        drop(area);
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

bool area_move(struct list_node *areas, uint64_t start, uint64_t end,
               uint64_t to, uint64_t size)
{
    struct area *area, *above;

    if (!cut_ends(areas, start, end))
        return false;
    area = area_at(areas, start);
    list_remove(&area->node);
    area->start = to;
    area->end = to + size;
    if (area->source.size == end - start)
        area->source.size = size;
    above = area_first_above(areas, to);
    list_insert_before(above != NULL ? &above->node : areas, &area->node);
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

unsigned int area_count(struct list_node *areas)
{
    struct area *area;
    unsigned int nr = 0;

    list_for_each_entry (area, areas, node)
        nr++;
    return nr;
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

    list_for_each_entry_safe (area, next, areas, node)
        drop(area);
}

/* SPDX-License-Identifier: MIT
 *
 * Pages come when they are touched. What an object has is mapped as it is: for
 * good in a shared area, until the first write in a private one. All other
 * pages are the space's own.
 */
#include "guest-kernel/mm/area.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/object.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/space_parts.h"
#include "guest-kernel/mm/table.h"
#include "guest-kernel/mm/user_page.h"
#include "lib/macros.h"
#include "lib/string.h"

/* Pages of an object that one fault maps, those around the one that it is for:
 * they cost one hypercall together. A power of two. */
#define FAULT_AROUND 32u

/* What space_populate() looks at, and pages that it makes. */
#define POPULATE_MAX 0x4000000ul
#define POPULATE_MAKES 32u

/* ---- what is to be mapped ---- */

/* A page of the space's own, with what the area has at the offset; or NULL. */
static void *own_page(const struct area *area, uint64_t offset)
{
    const struct space_source *source = &area->source;
    char *page = user_page_alloc();
    size_t size = 0;

    if (page == NULL)
        return NULL;
    if (offset < source->size) {
        size = MIN(source->size - offset, (uint64_t)PAGE_SIZE);
        object_read(source->object, source->offset + offset, page, size);
    }
    memset(page + size, 0, PAGE_SIZE - size);
    return page;
}

/* The object's page at the offset, if all of it is what is mapped there. */
static void *object_page_at(const struct area *area, uint64_t offset,
                            bool create)
{
    const struct space_source *source = &area->source;

    if (!source->shared && offset + PAGE_SIZE > source->size)
        return NULL;
    return object_page(source->object, (source->offset + offset) / PAGE_SIZE,
                       create);
}

/* Beyond the end of a file. What of an area has no object goes on. */
static bool is_beyond(const struct area *area, uint64_t vaddr)
{
    const struct space_source *source = &area->source;
    uint64_t offset = vaddr - area->start;

    return source->object != NULL &&
           (source->shared || offset < source->size) &&
           source->offset + offset >= object_size(source->object);
}

/* The entry for a page that is not mapped, to be written or not: 0 without
 * memory, beyond the end of a file, and if the page would have to be made but
 * must not. */
static uint64_t new_entry(const struct area *area, uint64_t vaddr, bool write,
                          bool make)
{
    bool shared = area->source.shared;
    uint64_t offset = vaddr - area->start;
    void *page = NULL;

    if (is_beyond(area, vaddr))
        return 0;
    if (shared || !write)
        page = object_page_at(area, offset, shared && make);
    if (page != NULL) {
        user_page_share(page);
        return table_entry(page,
                           shared ? area->prot : area->prot & ~SPACE_WRITE);
    }
    if (shared || !make)
        return 0;
    page = own_page(area, offset);
    return page != NULL ? table_entry(page, area->prot) : 0;
}

/* Sets the entries from vaddr on, in one table; takes over the pages. */
static bool fill(struct space *space, uint64_t vaddr, const uint64_t *values,
                 unsigned int nr_values)
{
    bool done = table_fill(space->root, vaddr, values, nr_values);
    unsigned int i;

    for (i = 0; i < nr_values; i++) {
        if (values[i] == 0)
            continue;
        if (done)
            space->nr_pages++;
        else if (user_page_drop(table_entry_page(values[i])))
            page_free(table_entry_page(values[i]));
    }
    return done;
}

/* ---- page faults ---- */

/* The page at vaddr is missing; others around it come along if the object has
 * them. */
static enum space_fault make_pages(struct space *space, const struct area *area,
                                   uint64_t vaddr, bool write)
{
    uint64_t first = ALIGN_DOWN(vaddr, FAULT_AROUND * PAGE_SIZE), at;
    const uint64_t *entries = table_find(space->root, first);
    uint64_t values[FAULT_AROUND] = {0};
    unsigned int i;

    i = (unsigned int)((vaddr - first) / PAGE_SIZE);
    if (is_beyond(area, vaddr))
        return SPACE_FAULT_BEYOND;
    values[i] = new_entry(area, vaddr, write, true);
    if (values[i] == 0 && area->source.shared && object_is_full())
        return SPACE_FAULT_BEYOND; /* no victim's end would help */
    if (values[i] == 0)
        return SPACE_FAULT_NO_MEMORY;
    for (i = 0; area->source.object != NULL && i < FAULT_AROUND; i++) {
        at = first + i * PAGE_SIZE;
        if (at >= area->start && at < area->end && values[i] == 0 &&
            (entries == NULL || entries[i] == 0))
            values[i] = new_entry(area, at, false, false);
    }
    return fill(space, first, values, FAULT_AROUND) ? SPACE_FAULT_DONE
                                                    : SPACE_FAULT_NO_MEMORY;
}

/* Writing to a page that was not writable: to it, when it is meant to be
 * shared or nobody else has it any more, or to a copy. */
static enum space_fault unshare(struct space *space, const struct area *area,
                                uint64_t *entry, uint64_t vaddr)
{
    void *page = table_entry_page(*entry), *copy = page;
    struct mmu_batch batch;

    if (!area->source.shared && user_page_is_shared(page)) {
        copy = user_page_alloc();
        if (copy == NULL)
            return SPACE_FAULT_NO_MEMORY;
        memcpy(copy, page, PAGE_SIZE);
    }
    mmu_batch_init(&batch);
    mmu_batch_set(&batch, entry, table_entry(copy, area->prot));
    mmu_batch_flush(&batch);
    if (space_is_current(space))
        mmu_invalidate(vaddr);
    if (copy != page && user_page_drop(page))
        page_free(page);
    return SPACE_FAULT_DONE;
}

static unsigned int right_for(uint64_t error)
{
    if ((error & FAULT_WRITE) != 0)
        return SPACE_WRITE;
    return (error & FAULT_EXEC) != 0 ? SPACE_EXEC : SPACE_READ;
}

enum space_fault space_fault(struct space *space, uint64_t vaddr,
                             uint64_t error)
{
    const struct area *area = area_at(&space->areas, vaddr);
    unsigned int right = right_for(error);
    uint64_t *entry;

    if (area == NULL)
        return SPACE_FAULT_UNMAPPED;
    if ((area->prot & right) == 0)
        return SPACE_FAULT_FORBIDDEN;
    vaddr = ALIGN_DOWN(vaddr, (uint64_t)PAGE_SIZE);
    entry = table_find(space->root, vaddr);
    if (entry == NULL || *entry == 0)
        return make_pages(space, area, vaddr, right == SPACE_WRITE);
    if (right == SPACE_WRITE && !table_entry_is_writable(*entry))
        return unshare(space, area, entry, vaddr);
    /* The entry allows it: the CPU used what it had said before. */
    if (space_is_current(space))
        mmu_invalidate(vaddr);
    return SPACE_FAULT_DONE;
}

/* ---- before they are touched ---- */

/* Entries for what of an area is in [start, end), which one table maps; the
 * first value is for start. Returns how many. */
static unsigned int populate_area(const struct area *area, uint64_t start,
                                  uint64_t end, const uint64_t *entries,
                                  uint64_t *values, unsigned int *nr_made)
{
    uint64_t vaddr = MAX(start, area->start);
    unsigned int i, nr = 0;
    bool make;

    for (; vaddr < MIN(end, area->end) && area->prot != 0; vaddr += PAGE_SIZE) {
        i = (unsigned int)((vaddr - start) / PAGE_SIZE);
        make = *nr_made < POPULATE_MAKES;
        if (entries == NULL || entries[i] == 0)
            values[i] = new_entry(area, vaddr,
                                  make && (area->prot & SPACE_WRITE), make);
        if (values[i] == 0)
            continue;
        nr++;
        if (!user_page_is_shared(table_entry_page(values[i])))
            ++*nr_made;
    }
    return nr;
}

void space_populate(struct space *space, uint64_t start, uint64_t size)
{
    uint64_t *values = page_alloc(0), table_end, end;
    unsigned int nr, nr_made = 0;
    const struct area *area;

    if (values == NULL)
        return;
    end = space_is_range(start, size) ? start + MIN(size, POPULATE_MAX) : start;
    for (; start < end; start = table_end) {
        table_end = MIN(ALIGN_DOWN(start, TABLE_SPAN) + TABLE_SPAN, end);
        memset(values, 0, PAGE_SIZE);
        nr = 0;
        list_for_each_entry (area, &space->areas, node)
            nr +=
                populate_area(area, start, table_end,
                              table_find(space->root, start), values, &nr_made);
        if (nr > 0)
            (void)fill(space, start, values,
                       (unsigned int)((table_end - start) / PAGE_SIZE));
    }
    page_free(values);
}

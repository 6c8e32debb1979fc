/* SPDX-License-Identifier: MIT
 *
 * A clone gets the same pages, read-only on both sides. The clone's tables are
 * filled as plain memory, one by one, and each is attached by one batch; what
 * the original may no longer write is one stream of batched updates.
 */
#include "guest-kernel/mm/area.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/mm/space_parts.h"
#include "guest-kernel/mm/table.h"
#include "guest-kernel/mm/user_page.h"
#include "lib/macros.h"
#include "lib/string.h"

/* Its page is shared, and the original's entry read-only; returns the entry
 * for the clone. */
static uint64_t share(struct table_change *change, uint64_t *entry)
{
    uint64_t value = *entry;

    user_page_share(table_entry_page(value));
    if (table_entry_is_writable(value)) {
        value &= ~(uint64_t)PARAPET_PTE_W;
        mmu_batch_set(&change->batch, entry, value);
    }
    return value;
}

static void drop_all(struct table_change *change, const uint64_t *values)
{
    unsigned int i;
    void *page;

    for (i = 0; i < MMU_ENTRIES; i++) {
        if (values[i] == 0)
            continue;
        page = table_entry_page(values[i]);
        if (user_page_drop(page))
            table_change_free(change, page);
    }
}

/* What one table maps, from start on. values is room for its entries. */
static bool clone_table(struct space *clone, struct space *space,
                        struct table_change *change, uint64_t start,
                        uint64_t *values)
{
    uint64_t vaddr = start, *entry;

    memset(values, 0, PAGE_SIZE);
    while ((entry = table_next(&space->roots, &vaddr, start + TABLE_SPAN)) !=
           NULL) {
        values[(vaddr - start) / PAGE_SIZE] = share(change, entry);
        vaddr += PAGE_SIZE;
    }
    if (table_fill(&clone->roots, start, values, MMU_ENTRIES))
        return true;
    drop_all(change, values);
    return false;
}

static bool clone_pages(struct space *clone, struct space *space,
                        uint64_t *values)
{
    struct table_change change;
    uint64_t vaddr = SPACE_USER_START;
    bool done = true;

    table_change_begin(&change);
    while (done && table_next(&space->roots, &vaddr, SPACE_USER_END) != NULL) {
        vaddr = ALIGN_DOWN(vaddr, TABLE_SPAN);
        done = clone_table(clone, space, &change, vaddr, values);
        vaddr += TABLE_SPAN;
    }
    table_change_end(&change, space_is_current(space));
    return done;
}

struct space *space_clone(struct space *space)
{
    struct space *clone = space_create();
    uint64_t *values = page_alloc(0);
    bool done = clone != NULL && values != NULL &&
                area_copy_all(&clone->areas, &space->areas) &&
                clone_pages(clone, space, values);

    if (values != NULL)
        page_free(values);
    if (done)
        return clone;
    space_destroy(clone);
    return NULL;
}

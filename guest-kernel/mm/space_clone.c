/* SPDX-License-Identifier: MIT
 *
 * A clone gets the same pages, read-only on both sides where they are private.
 * The clone's tables are filled as plain memory and attached all at once, in
 * the stream of updates that says what the original may no longer write.
 *
 * Few pages are copied at once: those that were written lately, such as the
 * one with the stack's end. Both sides will write them again soon, and a page
 * fault costs more than a copy. The CPU notes in an entry that its page was
 * written; when too many are noted so, all these notes are cleared.
 */
#include "guest-kernel/mm/area.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/space_parts.h"
#include "guest-kernel/mm/table.h"
#include "guest-kernel/mm/user_page.h"
#include "lib/macros.h"
#include "lib/string.h"

#define MAX_COPIES 16

struct cloning {
    struct space *from;
    struct table_change change;
    unsigned int nr_written;
};

static bool is_written(uint64_t entry)
{
    return table_entry_is_writable(entry) && (entry & PARAPET_PTE_D) != 0;
}

/* NULL: there is to be none, or no memory. */
static void *copy(struct cloning *cloning, uint64_t entry)
{
    void *page;

    if (!is_written(entry) || ++cloning->nr_written > MAX_COPIES)
        return NULL;
    page = user_page_alloc();
    return page != NULL ? memcpy(page, table_entry_page(entry), PAGE_SIZE)
                        : NULL;
}

/* What the clone's entry is to be, for one of the original's. */
static uint64_t clone_entry(struct cloning *cloning, const struct area *area,
                            const uint64_t *entry)
{
    uint64_t value = *entry, clean = value & ~(uint64_t)PARAPET_PTE_D;
    const void *page;

    if (!area->source.shared && table_entry_is_writable(value)) {
        page = copy(cloning, value);
        if (page != NULL) {
            if (cloning->from->nr_written > MAX_COPIES)
                mmu_batch_set(&cloning->change.batch, entry, clean);
            return table_entry(page, area->prot);
        }
        value = clean & ~(uint64_t)PARAPET_PTE_W;
        mmu_batch_set(&cloning->change.batch, entry, value);
    }
    user_page_share(table_entry_page(value));
    return value;
}

/* False without memory: the tree has a part then. */
static bool clone_entries(struct cloning *cloning, struct space *clone,
                          uint64_t *tree)
{
    struct space *from = cloning->from;
    const struct area *area = NULL;
    uint64_t vaddr = SPACE_USER_START, *entry, *leaf;

    while ((entry = table_next(from->root, &vaddr, SPACE_USER_END)) != NULL) {
        if (area == NULL || area->end <= vaddr)
            area = area_at(&from->areas, vaddr);
        leaf = table_tree_leaf(tree, vaddr);
        if (leaf == NULL)
            return false;
        leaf[vaddr / PAGE_SIZE % MMU_ENTRIES] =
            clone_entry(cloning, area, entry);
        clone->nr_pages++;
        vaddr += PAGE_SIZE;
    }
    return true;
}

static bool clone_pages(struct space *clone, struct space *from)
{
    uint64_t *tree = table_tree_create();
    struct cloning cloning = {.from = from};
    bool done;

    if (tree == NULL)
        return false;
    table_change_begin(&cloning.change);
    done = clone_entries(&cloning, clone, tree);
    table_tree_attach(tree, clone->root, &cloning.change.batch);
    table_change_end(&cloning.change, space_is_current(from));
    from->nr_written = cloning.nr_written;
    return done;
}

struct space *space_clone(struct space *space)
{
    struct space *clone = space_create();

    if (clone == NULL)
        return NULL;
    if (area_copy_all(&clone->areas, &space->areas) &&
        clone_pages(clone, space))
        return clone;
    space_put(clone);
    return NULL;
}

/* SPDX-License-Identifier: MIT
 *
 * Taking away what page tables say. The order is the point: first the entries
 * go, in a batch, then what the CPU remembers of them, and only then are the
 * pages free for another use.
 */
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/space.h"
#include "guest-kernel/mm/table.h"
#include "guest-kernel/mm/table_parts.h"
#include "guest-kernel/mm/user_page.h"
#include "lib/macros.h"

void table_change_begin(struct table_change *change)
{
    mmu_batch_init(&change->batch);
    list_init(&change->pages);
}

void table_change_free(struct table_change *change, void *page)
{
    list_add_last(&change->pages, &page_of(page)->node);
}

void table_change_clear(struct table_change *change, uint64_t *entry)
{
    void *page = table_entry_page(*entry);

    mmu_batch_set(&change->batch, entry, 0);
    if (user_page_drop(page))
        table_change_free(change, page);
}

void table_change_end(struct table_change *change, bool invalidate)
{
    struct list_node *node;

    mmu_batch_flush(&change->batch);
    if (invalidate)
        mmu_invalidate_all();
    while ((node = list_take_first(&change->pages)) != NULL)
        page_free(page_vaddr(list_entry(node, struct page, node)));
}

static bool is_empty(const uint64_t *table)
{
    unsigned int i;

    for (i = 0; i < MMU_ENTRIES; i++)
        if (table[i] != 0)
            return false;
    return true;
}

/* Frees the table that the entry refers to, if it is one without entries. */
static void prune(const struct mmu_roots *roots, unsigned int level,
                  uint64_t *entry, bool invalidate)
{
    struct table_change change;
    uint64_t *table;

    if ((*entry & PARAPET_PTE_P) == 0)
        return;
    table = mmu_page(*entry);
    if (!is_empty(table))
        return;
    table_change_begin(&change);
    table_set(roots, &change.batch, level, entry, 0);
    mmu_batch_make_plain(&change.batch, table);
    table_change_free(&change, table);
    table_change_end(&change, invalidate);
}

/* Tables of a level are looked at once those below are gone. */
void table_prune(const struct mmu_roots *roots, uint64_t start, uint64_t end,
                 bool invalidate)
{
    unsigned int wanted, level;
    uint64_t vaddr, *entry;

    for (wanted = 2; wanted <= TABLE_ROOT_LEVEL; wanted++)
        for (vaddr = start; vaddr < end;
             vaddr = ALIGN_DOWN(vaddr, table_span(level)) + table_span(level)) {
            level = wanted;
            entry = table_walk(roots, vaddr, &level);
            if (level == wanted)
                prune(roots, level, entry, invalidate);
        }
}

/* ---- the end ---- */

/*
 * The table of that level and what is below, of which no root knows any more:
 * all of it is plain memory but for the mapping in the direct map. Its entries
 * are read before the batch, which alone lets it be written, is through.
 */
static void take_apart(struct table_change *change, uint64_t *table,
                       unsigned int level)
{
    unsigned int i;
    void *page;

    for (i = 0; i < MMU_ENTRIES; i++) {
        if (table[i] == 0)
            continue;
        page = table_entry_page(table[i]);
        if (level > 1)
            take_apart(change, page, level - 1);
        else if (user_page_drop(page))
            table_change_free(change, page);
    }
    mmu_batch_make_plain(&change->batch, table);
    table_change_free(change, table);
}

void table_destroy(struct mmu_roots *roots)
{
    unsigned int i, nr_user = table_index(SPACE_USER_END, TABLE_ROOT_LEVEL) + 1;
    struct table_change change;

    mmu_roots_release(roots);
    table_change_begin(&change);
    for (i = 0; i < nr_user; i++)
        if (roots->kernel[i] != 0)
            take_apart(&change, mmu_page(roots->kernel[i]),
                       TABLE_ROOT_LEVEL - 1);
    table_change_end(&change, false);
    mmu_roots_free(roots);
}

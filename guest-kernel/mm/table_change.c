/* SPDX-License-Identifier: MIT
 *
 * Taking away what page tables say. The order is the point: first the entries
 * go, in a batch, then what the CPU remembers of them, and only then are the
 * pages free for another use.
 */
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/table.h"
#include "guest-kernel/mm/table_parts.h"
#include "guest-kernel/mm/user_page.h"
#include "lib/macros.h"

void table_change_begin(struct table_change *change)
{
    mmu_batch_init(&change->batch);
    list_init(&change->pages);
    change->nr_dropped = 0;
}

/* The page is freed at the end. */
static void free_later(struct table_change *change, void *page)
{
    list_add_last(&change->pages, &page_of(page)->node);
}

/* Whether all entries but those from first to last are 0. */
static bool is_rest_empty(const uint64_t *table, unsigned int first,
                          unsigned int last)
{
    return table_next_set(table, 0) >= first &&
           table_next_set(table, last + 1) == MMU_ENTRIES;
}

/*
 * The entries from first to last, of level 1. True: the table has no others
 * and can go. Then its entries stay as they are, since one change of the level
 * above takes all of them away.
 */
static bool clear_leaf(struct table_change *change, uint64_t *table,
                       unsigned int first, unsigned int last)
{
    bool goes = is_rest_empty(table, first, last);
    unsigned int i;
    void *page;

    for (i = table_next_set(table, first); i <= last;
         i = table_next_set(table, i + 1)) {
        page = table_entry_page(table[i]);
        if (!goes)
            mmu_batch_set(&change->batch, &table[i], 0);
        if (user_page_drop(page))
            free_later(change, page);
        change->nr_dropped++;
    }
    return goes;
}

/*
 * What this table, and those below, say of the addresses from first to last,
 * which it has entries for. True: nothing is left in it. A table is plain
 * memory when nothing refers to it any more but the direct map.
 */
static bool clear(struct table_change *change, uint64_t *table,
                  unsigned int level, uint64_t first, uint64_t last)
{
    unsigned int from = table_index(first, level), i;
    unsigned int to = table_index(last, level);
    uint64_t mask = table_span(level) - 1, *below;
    bool goes;

    if (level == 1)
        return clear_leaf(change, table, from, to);
    goes = is_rest_empty(table, from, to);
    for (i = table_next_set(table, from); i <= to;
         i = table_next_set(table, i + 1)) {
        below = mmu_page(table[i]);
        if (!clear(change, below, level - 1, i == from ? first : 0,
                   i == to ? last : mask)) {
            goes = false;
            continue;
        }
        mmu_batch_set(&change->batch, &table[i], 0);
        mmu_batch_make_plain(&change->batch, below);
        free_later(change, below);
    }
    return goes;
}

void table_change_clear(struct table_change *change, uint64_t *root,
                        uint64_t start, uint64_t end)
{
    (void)clear(change, root, TABLE_ROOT_LEVEL, start, end - 1);
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

/* SPDX-License-Identifier: MIT
 *
 * A walk goes from level 4, the root, to level 1, whose entries map pages.
 * Tables are only ever added as a whole branch: filled as plain memory, and
 * then attached by one entry, all in one batch. So the hypervisor looks at
 * each new table once, with what it is to hold.
 */
#include "guest-kernel/mm/table.h"

#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/space.h"
#include "guest-kernel/mm/table_parts.h"
#include "lib/macros.h"
#include "lib/string.h"

/* What an entry that refers to a table allows: all; the last level decides. */
#define TABLE_BITS (PARAPET_PTE_P | PARAPET_PTE_W | PARAPET_PTE_U)

/* Where an entry that is not present has the number of the page it keeps. */
#define KEPT_LOW_BITS 11
#define KEPT_LOW_SHIFT 1
#define KEPT_HIGH_SHIFT 52
#define KEPT_LOW_MASK ((1ul << KEPT_LOW_BITS) - 1)

_Static_assert(MEMORY_LIMIT >> PAGE_SHIFT <= 1ul << 2 * KEPT_LOW_BITS,
               "the numbers of some pages do not fit");

uint64_t table_entry(const void *page, unsigned int prot)
{
    uint64_t entry = mmu_address(page) | PARAPET_PTE_P | PARAPET_PTE_U;
    uint64_t number = direct_map_paddr(page) >> PAGE_SHIFT;

    if (prot == 0)
        return (number & KEPT_LOW_MASK) << KEPT_LOW_SHIFT |
               number >> KEPT_LOW_BITS << KEPT_HIGH_SHIFT;
    if ((prot & SPACE_WRITE) != 0)
        entry |= PARAPET_PTE_W;
    if ((prot & SPACE_EXEC) == 0)
        entry |= PARAPET_PTE_NX;
    return entry;
}

void *table_entry_page(uint64_t entry)
{
    uint64_t number;

    if ((entry & PARAPET_PTE_P) != 0)
        return mmu_page(entry);
    number = (entry >> KEPT_LOW_SHIFT & KEPT_LOW_MASK) |
             entry >> KEPT_HIGH_SHIFT << KEPT_LOW_BITS;
    return direct_map(number << PAGE_SHIFT);
}

/* The entry for vaddr in the table of *level, or, when there is none, in the
 * lowest that there is: *level is then that one's. */
static uint64_t *walk(uint64_t *table, uint64_t vaddr, unsigned int *level)
{
    unsigned int lowest = *level;
    uint64_t *entry;

    for (*level = TABLE_ROOT_LEVEL;; --*level) {
        entry = &table[table_index(vaddr, *level)];
        if (*level == lowest || (*entry & PARAPET_PTE_P) == 0)
            return entry;
        table = mmu_page(*entry);
    }
}

uint64_t *table_find(uint64_t *root, uint64_t vaddr)
{
    unsigned int level = 1;
    uint64_t *entry = walk(root, vaddr, &level);

    return level == 1 ? entry : NULL;
}

uint64_t *table_next(uint64_t *root, uint64_t *vaddr, uint64_t end)
{
    unsigned int level, index, nr;
    uint64_t *entry;

    while (*vaddr < end) {
        level = 1;
        entry = walk(root, *vaddr, &level);
        if (*entry != 0)
            return entry;
        /* On to the next that is not 0 in this table, or after the table. */
        index = table_index(*vaddr, level);
        nr = table_next_set(entry - index, index) - index;
        *vaddr = ALIGN_DOWN(*vaddr, table_span(level)) + nr * table_span(level);
    }
    return NULL;
}

/* ---- new tables ---- */

static uint64_t *new_table(void)
{
    uint64_t *table = page_alloc(0);

    return table != NULL ? memset(table, 0, PAGE_SIZE) : NULL;
}

/* The table of level 1 for vaddr below this one, which is plain memory, as
 * those are that it makes. */
static uint64_t *leaf(uint64_t *table, unsigned int level, uint64_t vaddr)
{
    uint64_t *entry, *below;

    for (; level > 1; level--) {
        entry = &table[table_index(vaddr, level)];
        if (*entry == 0) {
            below = new_table();
            if (below == NULL)
                return NULL;
            *entry = mmu_address(below) | TABLE_BITS;
        }
        table = mmu_page(*entry);
    }
    return table;
}

/* This one and those below, but not the pages that they map. */
static void free_tables(uint64_t *table, unsigned int level)
{
    unsigned int i;

    for (i = 0; level > 1 && i < MMU_ENTRIES; i++)
        if (table[i] != 0)
            free_tables(mmu_page(table[i]), level - 1);
    page_free(table);
}

static void make_tables(struct mmu_batch *batch, const uint64_t *table,
                        unsigned int level)
{
    unsigned int i = level > 1 ? table_next_set(table, 0) : MMU_ENTRIES;

    for (; i < MMU_ENTRIES; i = table_next_set(table, i + 1))
        make_tables(batch, mmu_page(table[i]), level - 1);
    mmu_batch_make_table(batch, table);
}

/* A new branch, of that level at its top, with these values in its leaf. */
static uint64_t *new_branch(unsigned int level, uint64_t vaddr,
                            const uint64_t *values, unsigned int nr_values)
{
    uint64_t *branch = new_table(), *bottom;

    if (branch == NULL)
        return NULL;
    bottom = leaf(branch, level, vaddr);
    if (bottom == NULL) {
        free_tables(branch, level);
        return NULL;
    }
    if (nr_values > 0)
        memcpy(&bottom[table_index(vaddr, 1)], values,
               nr_values * sizeof(*values));
    return branch;
}

bool table_fill(uint64_t *root, uint64_t vaddr, const uint64_t *values,
                unsigned int nr_values)
{
    unsigned int level = 1, i;
    uint64_t *entry = walk(root, vaddr, &level), *branch;
    struct mmu_batch batch;

    mmu_batch_init(&batch);
    if (level > 1) {
        branch = new_branch(level - 1, vaddr, values, nr_values);
        if (branch == NULL)
            return false;
        make_tables(&batch, branch, level - 1);
        mmu_batch_set(&batch, entry, mmu_address(branch) | TABLE_BITS);
    } else {
        for (i = 0; i < nr_values; i++)
            if (values[i] != 0)
                mmu_batch_set(&batch, &entry[i], values[i]);
    }
    mmu_batch_flush(&batch);
    return true;
}

uint64_t *table_tree_create(void)
{
    return new_table();
}

uint64_t *table_tree_leaf(uint64_t *tree, uint64_t vaddr)
{
    return leaf(tree, TABLE_ROOT_LEVEL, vaddr);
}

void table_tree_attach(uint64_t *tree, uint64_t *root, struct mmu_batch *batch)
{
    unsigned int i;

    for (i = table_next_set(tree, 0); i < MMU_ENTRIES;
         i = table_next_set(tree, i + 1)) {
        make_tables(batch, mmu_page(tree[i]), TABLE_ROOT_LEVEL - 1);
        mmu_batch_set(batch, &root[i], tree[i]);
    }
    page_free(tree);
}

/* SPDX-License-Identifier: MIT
 *
 * A walk goes from level 4, the roots, to level 1, whose entries map pages.
 * Tables are only ever added as a whole branch: filled as plain memory from
 * the bottom up, and then attached by one entry, all in one batch. So the
 * hypervisor looks at each new table once, with what it is to hold.
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

uint64_t *table_walk(const struct mmu_roots *roots, uint64_t vaddr,
                     unsigned int *level)
{
    uint64_t *table = roots->kernel, *entry;
    unsigned int lowest = *level;

    for (*level = TABLE_ROOT_LEVEL;; --*level) {
        entry = &table[table_index(vaddr, *level)];
        if (*level == lowest || (*entry & PARAPET_PTE_P) == 0)
            return entry;
        table = mmu_page(*entry);
    }
}

uint64_t *table_find(const struct mmu_roots *roots, uint64_t vaddr)
{
    unsigned int level = 1;
    uint64_t *entry = table_walk(roots, vaddr, &level);

    return level == 1 ? entry : NULL;
}

uint64_t *table_next(const struct mmu_roots *roots, uint64_t *vaddr,
                     uint64_t end)
{
    unsigned int level;
    uint64_t *entry;

    while (*vaddr < end) {
        level = 1;
        entry = table_walk(roots, *vaddr, &level);
        if (*entry != 0)
            return entry;
        *vaddr = ALIGN_DOWN(*vaddr, table_span(level)) + table_span(level);
    }
    return NULL;
}

/* ---- new tables ---- */

/* Tables of that level and below, on the way to vaddr, as plain memory. */
static void branch_free(uint64_t *table, unsigned int level, uint64_t vaddr)
{
    uint64_t *below;

    for (; level > 1; level--) {
        below = mmu_page(table[table_index(vaddr, level)]);
        page_free(table);
        table = below;
    }
    page_free(table);
}

static uint64_t *branch_create(unsigned int level, uint64_t vaddr,
                               const uint64_t *values, unsigned int nr_values)
{
    uint64_t *table = NULL, *above;
    unsigned int i;

    for (i = 1; i <= level; i++) {
        above = page_alloc(0);
        if (above == NULL) {
            if (table != NULL)
                branch_free(table, i - 1, vaddr);
            return NULL;
        }
        memset(above, 0, PAGE_SIZE);
        if (table == NULL)
            memcpy(&above[table_index(vaddr, 1)], values,
                   nr_values * sizeof(*values));
        else
            above[table_index(vaddr, i)] = mmu_address(table) | TABLE_BITS;
        table = above;
    }
    return table;
}

void table_set(const struct mmu_roots *roots, struct mmu_batch *batch,
               unsigned int level, uint64_t *entry, uint64_t value)
{
    mmu_batch_set(batch, entry, value);
    if (level == TABLE_ROOT_LEVEL && roots->user != roots->kernel)
        mmu_batch_set(batch, &roots->user[entry - roots->kernel], value);
}

static bool attach_branch(const struct mmu_roots *roots, unsigned int level,
                          uint64_t *entry, uint64_t vaddr,
                          const uint64_t *values, unsigned int nr_values)
{
    uint64_t *table = branch_create(level - 1, vaddr, values, nr_values);
    uint64_t value;
    struct mmu_batch batch;
    unsigned int i;

    if (table == NULL)
        return false;
    value = mmu_address(table) | TABLE_BITS;
    mmu_batch_init(&batch);
    for (i = level - 1; i > 1; i--) {
        mmu_batch_make_table(&batch, table);
        table = mmu_page(table[table_index(vaddr, i)]);
    }
    mmu_batch_make_table(&batch, table);
    table_set(roots, &batch, level, entry, value);
    mmu_batch_flush(&batch);
    return true;
}

bool table_fill(const struct mmu_roots *roots, uint64_t vaddr,
                const uint64_t *values, unsigned int nr_values)
{
    unsigned int level = 1, i;
    uint64_t *entry = table_walk(roots, vaddr, &level);
    struct mmu_batch batch;

    if (level > 1)
        return attach_branch(roots, level, entry, vaddr, values, nr_values);
    mmu_batch_init(&batch);
    for (i = 0; i < nr_values; i++)
        if (values[i] != 0)
            mmu_batch_set(&batch, &entry[i], values[i]);
    mmu_batch_flush(&batch);
    return true;
}

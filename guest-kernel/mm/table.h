/* SPDX-License-Identifier: MIT
 *
 * The page tables of one address space, below its root. An entry of the last
 * level is 0, maps a page, or keeps one:
 *
 *   present      maps a user page, PARAPET_PTE_U set
 *   not present  0, or keeps a user page that may not be accessed now: its
 *                frame number is in bits 1..11 and 52..62. Bits 12..51 must
 *                be 0 without PARAPET_PTE_P, since some CPUs read through
 *                such an address speculatively (L1TF). 22 bits: 16 GiB.
 *
 * A caller has the space for itself.
 */
#ifndef GUEST_KERNEL_MM_TABLE_H
#define GUEST_KERNEL_MM_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "guest-kernel/privops/mmu.h"
#include "lib/list.h"

/* What one table of the last level maps. */
#define TABLE_SPAN 0x200000ul

/* Maps the page with the rights prot (SPACE_READ and so on; 0 keeps it). */
uint64_t table_entry(const void *page, unsigned int prot);

/* Of one that keeps a page, the writable bit is part of a number. */
static inline bool table_entry_is_writable(uint64_t entry)
{
    const uint64_t both = PARAPET_PTE_P | PARAPET_PTE_W;

    return (entry & both) == both;
}

/* The page that an entry of the last level maps or keeps; not of 0. */
void *table_entry_page(uint64_t entry);

/* The entry of the last level for vaddr; NULL: there is no table for it. */
uint64_t *table_find(uint64_t *root, uint64_t vaddr);

/*
 * The first entry in [*vaddr, end) that is not 0, and *vaddr what it maps;
 * NULL if there is none.
 */
uint64_t *table_next(uint64_t *root, uint64_t *vaddr, uint64_t end);

/*
 * Sets the entries for nr_values pages from vaddr on, which one table maps,
 * where the value is not 0. Makes the tables that are missing (that alone, if
 * there are no values). False without memory: nothing has changed.
 */
bool table_fill(uint64_t *root, uint64_t vaddr, const uint64_t *values,
                unsigned int nr_values);

/* ---- all of a space at once ---- */

/* Tables that no root refers to yet: plain memory, to be filled by stores.
 * NULL without memory. */
uint64_t *table_tree_create(void);

/* The table of the last level for vaddr; makes it. NULL without memory. */
uint64_t *table_tree_leaf(uint64_t *tree, uint64_t vaddr);

/* Queues what makes them the tables of the root, which has none, and frees the
 * tree's own page. */
void table_tree_attach(uint64_t *tree, uint64_t *root, struct mmu_batch *batch);

/* ---- taking away ---- */

/*
 * Changes, and the pages that are to be freed when the CPU knows of them:
 * pages that were mapped, tables that are not used any more.
 */
struct table_change {
    struct mmu_batch batch;
    struct list_node pages; /* struct page.node */
    uint64_t nr_dropped;    /* pages that are not mapped or kept any more */
};

void table_change_begin(struct table_change *change);

/* Drops what is mapped or kept in [start, end), and the tables that have
 * nothing in them then. */
void table_change_clear(struct table_change *change, uint64_t *root,
                        uint64_t start, uint64_t end);

/* invalidate: the space is current, and entries allow less than before. */
void table_change_end(struct table_change *change, bool invalidate);

#endif

/* SPDX-License-Identifier: MIT
 *
 * The page tables of one address space, below its roots. An entry of the last
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
uint64_t *table_find(const struct mmu_roots *roots, uint64_t vaddr);

/*
 * The first entry in [*vaddr, end) that is not 0, and *vaddr what it maps;
 * NULL if there is none.
 */
uint64_t *table_next(const struct mmu_roots *roots, uint64_t *vaddr,
                     uint64_t end);

/*
 * Sets the entries for nr_values pages from vaddr on, which one table maps,
 * where the value is not 0. Makes the tables that are missing. False without
 * memory: nothing has changed.
 */
bool table_fill(const struct mmu_roots *roots, uint64_t vaddr,
                const uint64_t *values, unsigned int nr_values);

/*
 * Changes, and the pages that are to be freed when the CPU knows of them:
 * pages that were mapped, tables that are not used any more.
 */
struct table_change {
    struct mmu_batch batch;
    struct list_node pages; /* struct page.node */
};

void table_change_begin(struct table_change *change);
/* The page is freed at the end. */
void table_change_free(struct table_change *change, void *page);
/* Clears the entry, and drops the page that it maps or keeps. */
void table_change_clear(struct table_change *change, uint64_t *entry);
/* invalidate: the space is current, and entries allow less than before. */
void table_change_end(struct table_change *change, bool invalidate);

/* Frees the tables in [start, end) that have nothing in them. */
void table_prune(const struct mmu_roots *roots, uint64_t start, uint64_t end,
                 bool invalidate);

/* Drops all pages and frees all tables, roots included; they are not
 * current. */
void table_destroy(struct mmu_roots *roots);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Page tables and frames as a micro-guest handles them. Pages come from the
 * memory after the image, which only the direct map maps; so a page has one
 * mapping. Static pages of the image have two.
 *
 * Calls that may stop half way are carried on to their end here; a test of
 * that very thing makes the hypercall itself.
 */
#ifndef KERNELS_MEMORY_H
#define KERNELS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/stubs.h"
#include "tests/kernels/lib/test.h"

#define MG_PAGE_SIZE 4096ul
#define MG_PTES 512
#define MG_NO_ENTRY (~0ul) /* the machine address of no entry */

/* What entries are made of. */
#define MG_USER (PARAPET_PTE_P | PARAPET_PTE_U)
#define MG_READ (PARAPET_PTE_P | PARAPET_PTE_NX)
#define MG_WRITE (MG_READ | PARAPET_PTE_W)
#define MG_TABLE (PARAPET_PTE_P | PARAPET_PTE_W | PARAPET_PTE_U)

/*
 * Pages of the domain's own, zeroed, that nothing else uses, at their place
 * in the direct map; the test ends as an error when there are none. The second
 * takes nr of them side by side.
 */
uint64_t *mg_page(void);
uint64_t *mg_pages(uint64_t nr);

/* Of an address in the direct map or in the image. */
uint64_t mg_gfn_of(const volatile void *pointer);
uint64_t mg_mfn_of(const volatile void *pointer);

/* Where the direct map has a gfn; and a frame, by the M2P: NULL if not ours. */
uint64_t *mg_gfn_pointer(uint64_t gfn);
uint64_t *mg_mfn_pointer(uint64_t mfn);

static inline uint64_t mg_m2p(uint64_t mfn)
{
    return ((const volatile uint64_t *)PARAPET_M2P)[mfn];
}

static inline volatile uint64_t *mg_p2m(uint64_t gfn)
{
    return (volatile uint64_t *)PARAPET_P2M + gfn;
}

/* An entry for the page or table at this place. */
static inline uint64_t mg_pte(const volatile void *pointer, uint64_t bits)
{
    return mg_mfn_of(pointer) * MG_PAGE_SIZE | bits;
}

/* The machine address of entry index of the table at this place. */
static inline uint64_t mg_entry_of(const volatile void *table, uint64_t index)
{
    return mg_mfn_of(table) * MG_PAGE_SIZE + 8 * index;
}

/* The kernel root that the hypervisor made, in the direct map. */
uint64_t *mg_start_root(void);

/*
 * The machine address of the entry by which a root maps vaddr at a level;
 * MG_NO_ENTRY when there is no table so far down. And what is in an entry.
 */
uint64_t mg_walk(const uint64_t *root, uint64_t vaddr, int level);
uint64_t mg_read_entry(uint64_t entry);

/* Where a walk finds the index of a level. */
static inline uint64_t mg_index(uint64_t vaddr, int level)
{
    return vaddr >> (12 + 9 * (level - 1)) & (MG_PTES - 1);
}

/* One mmu_update, of the bits in mask or of all. */
int64_t mg_update_masked(uint64_t entry, uint64_t value, uint64_t mask);
int64_t mg_update(uint64_t entry, uint64_t value);

/* Sets the entry that maps vaddr, and flushes it everywhere. */
int64_t mg_set_va(uint64_t vaddr, uint64_t value);

int64_t mg_pin(const uint64_t *table, uint32_t level);
int64_t mg_unpin(const uint64_t *table);

/*
 * Makes a page read-only or writable in the direct map and, if it is of the
 * image, there too; flushed everywhere. Returns the first error.
 */
int64_t mg_set_writable(const volatile void *page, bool writable);

/*
 * A new page for a table, filled by a copy of another one if that is not
 * NULL, and read-only. It is not pinned.
 */
uint64_t *mg_table(const uint64_t *entries);

/* The same for one with a single entry. */
uint64_t *mg_table_of(uint64_t index, uint64_t entry);

/* A kernel root: the kernel slots of the start root, and nothing below. */
uint64_t *mg_kernel_root(void);

/* Has the hypervisor count anew: a failure unless all is as it says. */
void mg_audit_at(const char *file, int line);
#define mg_audit() mg_audit_at(__FILE__, __LINE__)

/* A deed that must succeed, and one that must be refused, which hurt nobody. */
#define MG_DONE(call) MG_CHECK_EQ(call, 0)
#define MG_REFUSED(call, error)                                                \
    do {                                                                       \
        MG_CHECK_EQ(call, -PARAPET_##error);                                   \
        mg_audit();                                                            \
    } while (0)

#endif

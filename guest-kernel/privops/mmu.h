/* SPDX-License-Identifier: MIT
 *
 * How page tables are changed: directly (privops/native), or by asking the
 * hypervisor (privops/pv), whose rules these functions follow in both builds:
 *
 * - A page that is to be a table is filled as plain memory.
 *   mmu_batch_make_table() ends that: from then on it is read through the
 *   direct map, and written by a batch only. It is a table when an entry of a
 *   table refers to it.
 * - When none does any more, mmu_batch_make_plain() ends that.
 * - Entries have the bits of abi/memory.h, which are the CPU's.
 *
 * Pages and entries are named by their direct-map address. What the hypervisor
 * refuses for another reason than a lack of memory is a bug of ours, and panics
 * with the entry that it did not like.
 */
#ifndef GUEST_KERNEL_PRIVOPS_MMU_H
#define GUEST_KERNEL_PRIVOPS_MMU_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/memory.h"

#define MMU_ENTRIES 512 /* of a table */

/* The machine address of something in the direct map: what an entry has. */
uint64_t mmu_address(const void *object);

/* The page that a present entry refers to. */
void *mmu_page(uint64_t entry);

/*
 * Changes that are made together, in their order: by mmu_batch_flush(), and
 * before that when there is no room for another.
 */
#define MMU_BATCH_SIZE 64

struct mmu_batch {
    unsigned int nr_updates;
    struct parapet_pte_update updates[MMU_BATCH_SIZE];
};

static inline void mmu_batch_init(struct mmu_batch *batch)
{
    batch->nr_updates = 0;
}

/* The one place where page tables are written. */
void mmu_batch_flush(struct mmu_batch *batch);

/* *entry = value, for an entry of a table. */
static inline void mmu_batch_set(struct mmu_batch *batch, const uint64_t *entry,
                                 uint64_t value)
{
    struct parapet_pte_update *update;

    if (batch->nr_updates == MMU_BATCH_SIZE)
        mmu_batch_flush(batch);
    update = &batch->updates[batch->nr_updates++];
    update->pte = mmu_address(entry);
    update->value = value;
}

/* Plain memory becomes read-only, to be a table; and the way back. */
void mmu_batch_make_table(struct mmu_batch *batch, const void *page);
void mmu_batch_make_plain(struct mmu_batch *batch, const void *page);

/*
 * The CPU may go on using what an entry said before. Needed when a present
 * entry of the current address space was taken away or allows less than
 * before; a switch to another root does it too. One page, or all user memory.
 */
void mmu_invalidate(uint64_t vaddr);
void mmu_invalidate_all(void);

/* The same for the kernel's own memory. */
void mmu_invalidate_kernel(void);

/*
 * The root of an address space: a table already, with nothing in the user's
 * half. NULL without memory. Natively it has the kernel's half, too; pv the
 * kernel stays on a root of its own.
 */
uint64_t *mmu_root_create(void);

/* It is not current, and the user's half is empty again. */
void mmu_root_free(uint64_t *root);

/* What user mode runs on from now on. NULL: there is no user mode. Any
 * interrupt state. */
void mmu_root_switch(const uint64_t *root);

/* The root that has the kernel's own memory. What is below its last slot is
 * below that of every root. */
uint64_t *mmu_kernel_root(void);

/*
 * For tests: how many references to pages the hypervisor counts otherwise than
 * it finds them in the tables. 0 natively, and without its option audit=on.
 */
uint64_t mmu_audit(void);

#endif

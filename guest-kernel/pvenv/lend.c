/* SPDX-License-Identifier: MIT
 *
 * pvdrivers/env.h in the guest kernel: what it lends. Its grant table has the
 * one frame that is there from the start, and grows when that is used up. All
 * is protected by disabled interrupts, but for what is in an entry that
 * somebody has.
 */
#include "pvdrivers/lend.h"

#include "abi/abi.h"
#include "abi/errors.h"
#include "abi/stubs.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/table.h"
#include "guest-kernel/privops/mmu.h"
#include "guest-kernel/privops/privops.h"
#include "lib/bitmap.h"
#include "pvdrivers/env.h"

#define MAX_ENTRIES (PARAPET_GRANTS_PER_FRAME * PARAPET_MAX_GRANT_FRAMES)
#define TABLE_BITS                                                             \
    (PARAPET_PTE_P | PARAPET_PTE_W | PARAPET_PTE_A | PARAPET_PTE_D |           \
     PARAPET_PTE_NX)

/* Of the entries that somebody has. */
static uint64_t taken[BITMAP_WORDS(MAX_ENTRIES)];
static uint32_t nr_entries = PARAPET_GRANTS_PER_FRAME;

static struct parapet_grant_entry *entry_of(uint32_t ref)
{
    return (struct parapet_grant_entry *)PARAPET_GRANT_TABLE + ref;
}

static uint64_t word_of(uint32_t ref)
{
    return __atomic_load_n((lend_word_t *)entry_of(ref), __ATOMIC_ACQUIRE);
}

/* One frame more, right after the others, where there is room for all. False:
 * there is no memory, or it may have no more. */
static bool grow(void)
{
    uint64_t vaddr = (uint64_t)entry_of(nr_entries);
    void *page = nr_entries < MAX_ENTRIES ? env_page_alloc() : NULL;
    struct mmu_batch batch;

    if (page == NULL)
        return false;
    if (HYPERCALL_RESTARTED(hypercall_grant_grow(env_page_mfn(page))) < 0) {
        env_page_free(page);
        return false;
    }
    mmu_batch_init(&batch);
    mmu_batch_set(&batch, table_find(mmu_kernel_root(), vaddr),
                  mmu_address(page) | TABLE_BITS);
    mmu_batch_flush(&batch);
    nr_entries += PARAPET_GRANTS_PER_FRAME;
    return true;
}

/* The first of so many in a row; what the domain lends from its start nobody
 * has taken. MAX_ENTRIES: there are none. */
static uint32_t find_entries(unsigned int nr)
{
    unsigned int found = 0;

    for (uint32_t ref = 0; ref < nr_entries; ref++) {
        bool is_free = !bitmap_test(taken, ref) && word_of(ref) == 0;

        found = is_free ? found + 1 : 0;
        if (found == nr)
            return ref + 1 - nr;
    }
    return MAX_ENTRIES;
}

static uint32_t take_entries(unsigned int nr)
{
    bool irq_on = privops_irq_save();
    uint32_t ref = find_entries(nr);

    while (ref == MAX_ENTRIES && grow())
        ref = find_entries(nr);
    if (ref < MAX_ENTRIES)
        bitmap_set_range(taken, ref, nr);
    privops_irq_restore(irq_on);
    return ref;
}

uint64_t env_page_mfn(const void *page)
{
    return privops_machine(page) >> PAGE_SHIFT;
}

int env_lend(uint32_t domain, const void *page, bool read_only)
{
    uint32_t ref = take_entries(1);

    if (ref == MAX_ENTRIES)
        return -PARAPET_ENOSPC;
    lend_frame(entry_of(ref), env_page_mfn(page), lend_word(domain, read_only));
    return (int)ref;
}

bool env_take_back(uint32_t ref)
{
    uint64_t word = word_of(ref);

    if ((word & (PARAPET_GRANT_READING | PARAPET_GRANT_WRITING)) != 0 ||
        !lend_take_back(entry_of(ref), word))
        return false;
    env_lend_unreserve(ref, 1);
    return true;
}

int env_lend_reserve(unsigned int nr, struct parapet_grant_entry **entries)
{
    uint32_t ref = take_entries(nr);

    *entries = entry_of(ref);
    return ref == MAX_ENTRIES ? -PARAPET_ENOSPC : (int)ref;
}

void env_lend_unreserve(uint32_t ref, unsigned int nr)
{
    bool irq_on = privops_irq_save();

    for (uint32_t i = ref; i < ref + nr; i++)
        if (word_of(i) == 0)
            bitmap_clear(taken, i);
    privops_irq_restore(irq_on);
}

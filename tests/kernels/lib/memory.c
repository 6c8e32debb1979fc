/* SPDX-License-Identifier: MIT
 *
 * Owns the memory after the image, which it hands out and never takes back.
 */
#include "tests/kernels/lib/memory.h"

#include "lib/string.h"
#include "tests/kernels/lib/vcpu.h"

/* From micro.lds: the image's virtual addresses less its physical ones. */
extern const unsigned char MG_BASE[], mg_image_end[];

static uint64_t next_gfn;

uint64_t *mg_gfn_pointer(uint64_t gfn)
{
    return (uint64_t *)(PARAPET_DIRECT_MAP + gfn * MG_PAGE_SIZE);
}

uint64_t *mg_pages(uint64_t nr)
{
    uint64_t *pages;

    if (next_gfn == 0)
        next_gfn = (uint64_t)(mg_image_end - MG_BASE) / MG_PAGE_SIZE;
    if (next_gfn + nr > mg_shared_page()->start_gfn)
        mg_error("the test needs more memory than it asks for");
    pages = mg_gfn_pointer(next_gfn);
    next_gfn += nr;
    memset(pages, 0, nr * MG_PAGE_SIZE);
    return pages;
}

uint64_t *mg_page(void)
{
    return mg_pages(1);
}

static bool is_of_image(uint64_t vaddr)
{
    return vaddr >= PARAPET_KERNEL_START;
}

uint64_t mg_gfn_of(const volatile void *pointer)
{
    uint64_t vaddr = (uint64_t)pointer;
    uint64_t base = is_of_image(vaddr) ? (uint64_t)MG_BASE : PARAPET_DIRECT_MAP;

    return (vaddr - base) / MG_PAGE_SIZE;
}

uint64_t mg_mfn_of(const volatile void *pointer)
{
    return *mg_p2m(mg_gfn_of(pointer));
}

uint64_t *mg_mfn_pointer(uint64_t mfn)
{
    uint64_t gfn = mg_m2p(mfn);

    if (gfn >= mg_shared_page()->nr_gfns || *mg_p2m(gfn) != mfn)
        return NULL;
    return mg_gfn_pointer(gfn);
}

uint64_t *mg_start_root(void)
{
    return mg_gfn_pointer(mg_shared_page()->root_gfn);
}

uint64_t mg_walk(const uint64_t *root, uint64_t vaddr, int level)
{
    const uint64_t *table = root;

    for (int at = 4; at > level; at--) {
        uint64_t entry = table[mg_index(vaddr, at)];

        if (!(entry & PARAPET_PTE_P))
            return MG_NO_ENTRY;
        table = mg_mfn_pointer((entry & PARAPET_PTE_ADDRESS) / MG_PAGE_SIZE);
        if (!table)
            mg_error("a table of our own is not in the direct map");
    }
    return mg_entry_of(table, mg_index(vaddr, level));
}

uint64_t mg_read_entry(uint64_t entry)
{
    const volatile uint64_t *table = mg_mfn_pointer(entry / MG_PAGE_SIZE);

    return table[entry / 8 % MG_PTES];
}

int64_t mg_update_masked(uint64_t entry, uint64_t value, uint64_t mask)
{
    struct parapet_pte_update update = {entry, value};

    return hypercall_mmu_update_all(mg_vcpu_page(), &update, 1, mask);
}

int64_t mg_update(uint64_t entry, uint64_t value)
{
    return mg_update_masked(entry, value, ~0ul);
}

int64_t mg_set_va(uint64_t vaddr, uint64_t value)
{
    return HYPERCALL_RESTARTED(
        hypercall_mmu_update_va(vaddr, value, PARAPET_FLUSH_ALL));
}

int64_t mg_pin(const uint64_t *table, uint32_t level)
{
    return HYPERCALL_RESTARTED(hypercall_mmu_pin(mg_mfn_of(table), level));
}

int64_t mg_unpin(const uint64_t *table)
{
    return HYPERCALL_RESTARTED(hypercall_mmu_unpin(mg_mfn_of(table)));
}

int64_t mg_set_writable(const volatile void *page, bool writable)
{
    uint64_t entry = mg_pte(page, writable ? MG_WRITE : MG_READ);
    uint64_t direct = (uint64_t)mg_gfn_pointer(mg_gfn_of(page));
    int64_t result = 0;

    if (is_of_image((uint64_t)page))
        result = mg_set_va((uint64_t)page & ~(MG_PAGE_SIZE - 1), entry);
    return result ? result : mg_set_va(direct, entry);
}

uint64_t *mg_table(const uint64_t *entries)
{
    uint64_t *table = mg_page();
    int64_t result;

    if (entries)
        memcpy(table, entries, MG_PAGE_SIZE);
    result = mg_set_writable(table, false);
    if (result != 0)
        mg_error("making a page read-only: %ld", result);
    return table;
}

uint64_t *mg_table_of(uint64_t index, uint64_t entry)
{
    uint64_t entries[MG_PTES] = {0};

    entries[index] = entry;
    return mg_table(entries);
}

uint64_t *mg_kernel_root(void)
{
    const uint64_t first = mg_index(PARAPET_HYPERVISOR_END, 4);
    const uint64_t *start = mg_start_root();
    uint64_t entries[MG_PTES] = {0};

    /* PARAPET_PTE_KERNEL is shown, but must not be written. */
    for (uint64_t i = first; i < MG_PTES; i++) {
        entries[i] = start[i] & ~(uint64_t)PARAPET_PTE_KERNEL;
        if (start[i] & PARAPET_PTE_KERNEL)
            entries[i] &= ~(uint64_t)PARAPET_PTE_U;
    }
    return mg_table(entries);
}

void mg_audit_at(const char *file, int line)
{
    int64_t result = hypercall_memory_audit();

    if (result != 0)
        mg_failure("%s:%d: audit: expected 0 differences, got %ld", file, line,
                   result);
}

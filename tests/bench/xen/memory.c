/* SPDX-License-Identifier: MIT
 *
 * Owns what is known of the guest's page tables. They hold machine frames:
 * mfn_list leads from a pfn to them, Xen's machine-to-physical table back.
 */
#include "tests/bench/xen/memory.h"

#include <stddef.h>

#include "tests/bench/xen/console.h"
#include "tests/bench/xen/hypercall.h"

#define PTE_ADDRESS UINT64_C(0x000ffffffffff000)
#define LEVELS 4
#define ROOT_SLOT_OF_IMAGE 511

/* Its address is the value. */
extern char XEN_GUEST_BASE[];

static const uint64_t *mfn_list;
static const uint64_t *root;

void memory_init(const struct xen_start_info *start)
{
    mfn_list = (const uint64_t *)start->mfn_list;
    root = (const uint64_t *)start->pt_base;
}

uint64_t memory_mfn(const void *page)
{
    return mfn_list[((uint64_t)page - (uint64_t)XEN_GUEST_BASE) / PAGE_SIZE];
}

uint64_t memory_pte_read_only(const void *page)
{
    return memory_mfn(page) * PAGE_SIZE | PTE_PRESENT | PTE_USER;
}

uint64_t memory_pte(const void *page)
{
    return memory_pte_read_only(page) | PTE_WRITABLE;
}

/* The table that an entry refers to, by the guest's own mapping of it. */
static const uint64_t *next_table(uint64_t entry)
{
    const uint64_t *pfn_of = (const uint64_t *)XEN_MACHINE_TO_PHYS;
    uint64_t pfn = pfn_of[(entry & PTE_ADDRESS) / PAGE_SIZE];

    REQUIRE(entry & PTE_PRESENT);
    return (const uint64_t *)((uint64_t)XEN_GUEST_BASE + pfn * PAGE_SIZE);
}

static size_t slot(const void *page, unsigned int level)
{
    return (uint64_t)page >> (12 + 9 * (level - 1)) & 511;
}

struct pte_place memory_place(const void *page)
{
    const uint64_t *table = root;
    struct pte_place place;
    uint64_t entry = 0;

    for (unsigned int level = LEVELS; level > 1; level--) {
        entry = table[slot(page, level)];
        table = next_table(entry);
    }
    place.vaddr = (volatile uint64_t *)&table[slot(page, 1)];
    place.maddr = (entry & PTE_ADDRESS) + 8 * slot(page, 1);
    return place;
}

void memory_map(void *page, uint64_t value)
{
    REQUIRE(xen_hypercall3(XEN_UPDATE_VA_MAPPING, page, value,
                           XEN_UVM_INVALIDATE) == 0);
}

void memory_make_root(uint64_t *page)
{
    page[ROOT_SLOT_OF_IMAGE] = root[ROOT_SLOT_OF_IMAGE];
    memory_map(page, memory_pte_read_only(page));
    memory_mmuext(XEN_MMUEXT_PIN_L4, memory_mfn(page));
}

uint64_t memory_first_root_mfn(void)
{
    return memory_mfn(root);
}

void memory_mmuext(uint32_t operation, uint64_t mfn_or_vaddr)
{
    struct xen_mmuext request = {.operation = operation,
                                 .mfn_or_vaddr = mfn_or_vaddr};

    REQUIRE(xen_hypercall4(XEN_MMUEXT, &request, 1, NULL, XEN_DOMAIN_SELF) ==
            0);
}

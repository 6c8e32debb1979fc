/* SPDX-License-Identifier: MIT
 *
 * Owns the hypervisor's root and the form of the tables. The tables of slots
 * 256..271 are shared by all roots, guests' too, and complete before the second
 * root is made: afterwards only tables below them change.
 */
#include "hypervisor/mm/paging.h"

#include "hypervisor/base/bug.h"
#include "hypervisor/x86/cpu.h"
#include "lib/macros.h"
#include "lib/string.h"

#define LARGE_SIZE 0x200000ul
#define PTE_ADDRESS 0x000ffffffffff000ul
#define LEVELS 4

extern char hv_start[];
extern char hv_text_end[];
extern char hv_rodata_end[];
extern char hv_end[];

static mfn_t hv_root = MFN_NONE;
static uint64_t next_device = MMIO_BASE;

/* The index of vaddr in a table of the level: 1 holds pages, 4 is the root. */
static unsigned int slot(uint64_t vaddr, int level)
{
    return (unsigned int)(vaddr >> (PAGE_SHIFT + 9 * (level - 1))) & 511;
}

static uint64_t *table_of(uint64_t entry)
{
    return paddr_to_vaddr(entry & PTE_ADDRESS);
}

/*
 * The entry for vaddr in a table of the given level, with the tables above it
 * made as needed. NULL without memory, or when a large page is in the way.
 */
static uint64_t *walk(mfn_t root, uint64_t vaddr, int level, uint64_t user)
{
    uint64_t *table = frame_vaddr(root);

    for (int l = LEVELS; l > level; l--) {
        uint64_t *entry = &table[slot(vaddr, l)];

        if (!(*entry & PTE_P)) {
            mfn_t mfn = frame_alloc_zeroed();

            if (mfn == MFN_NONE)
                return NULL;
            *entry = frame_paddr(mfn) | PTE_P | PTE_W | user;
        } else if (*entry & PTE_PS) {
            return NULL;
        }
        table = table_of(*entry);
    }
    return &table[slot(vaddr, level)];
}

bool paging_map(mfn_t root, uint64_t vaddr, mfn_t mfn, uint64_t flags)
{
    uint64_t *entry = walk(root, vaddr, 1, flags & PTE_U);

    if (!entry || (*entry & PTE_P))
        return false;
    *entry = frame_paddr(mfn) | flags;
    return true;
}

static void map_large(uint64_t vaddr, uint64_t paddr)
{
    uint64_t *entry = walk(hv_root, vaddr, 2, 0);

    BUG_ON(!entry);
    *entry = paddr | PTE_P | PTE_W | PTE_NX | PTE_PS;
}

static void map_image(uint64_t start, uint64_t end, uint64_t flags)
{
    for (uint64_t vaddr = start; vaddr < end; vaddr += PAGE_SIZE)
        BUG_ON(!paging_map(hv_root, vaddr, (vaddr - IMAGE_BASE) >> PAGE_SHIFT,
                           flags));
}

void paging_init(const struct memory_range *ram, size_t nr_ram)
{
    hv_root = frame_alloc_zeroed();
    BUG_ON(hv_root == MFN_NONE);
    for (size_t i = 0; i < nr_ram; i++) {
        uint64_t end = MIN(ram[i].end, DIRECT_SIZE);

        for (uint64_t paddr = ALIGN_DOWN(ram[i].start, LARGE_SIZE); paddr < end;
             paddr += LARGE_SIZE)
            map_large(DIRECT_BASE + paddr, paddr);
    }
    map_image((uint64_t)hv_start, (uint64_t)hv_text_end, PTE_P);
    map_image((uint64_t)hv_text_end, (uint64_t)hv_rodata_end, PTE_P | PTE_NX);
    map_image((uint64_t)hv_rodata_end, (uint64_t)hv_end,
              PTE_P | PTE_W | PTE_NX);
    /* The slots that are filled later must exist before the first copy. */
    BUG_ON(!walk(hv_root, PERCPU_BASE, 1, 0) ||
           !walk(hv_root, MMIO_BASE, 1, 0));
    write_cr3(frame_paddr(hv_root));
}

mfn_t paging_root(void)
{
    return hv_root;
}

volatile void *paging_map_device(uint64_t paddr)
{
    uint64_t vaddr = next_device;

    next_device += PAGE_SIZE;
    BUG_ON(!paging_map(hv_root, vaddr, paddr >> PAGE_SHIFT,
                       PTE_P | PTE_W | PTE_NX | PTE_PCD | PTE_PWT));
    return (volatile void *)(vaddr + paddr % PAGE_SIZE);
}

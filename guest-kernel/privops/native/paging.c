/* SPDX-License-Identifier: MIT
 *
 * The native build's page tables of the kernel (APM 2, section 5.3). Made
 * once; each address space's root has the same upper half (native/mmu.c).
 */
#include "guest-kernel/core/panic.h"
#include "guest-kernel/mm/early.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/privops/native/native.h"
#include "guest-kernel/privops/privops.h"
#include "lib/macros.h"
#include "lib/x86/control.h"
#include "lib/x86/ioapic.h"
#include "lib/x86/lapic.h"

#define PTE_PRESENT 0x1ul
#define PTE_WRITE 0x2ul
#define PTE_UNCACHED 0x18ul /* PWT, PCD */
#define PTE_LARGE 0x80ul
#define PTE_NX (1ul << 63)
#define PTE_PADDR 0x000ffffffffff000ul

#define LARGE_SIZE 0x200000ul

enum level { LEVEL_PAGE, LEVEL_LARGE, LEVEL_1G, LEVEL_ROOT };

static uint64_t *root;

/* The entry for vaddr in a table of the given level. */
static uint64_t *entry_at(uint64_t *table, enum level level, uint64_t vaddr)
{
    return &table[vaddr >> (PAGE_SHIFT + 9 * level) & 511];
}

static void map(uint64_t vaddr, uint64_t paddr, enum level leaf, uint64_t bits)
{
    enum level level;
    uint64_t *table = root, *entry;

    for (level = LEVEL_ROOT; level > leaf; level--) {
        entry = entry_at(table, level, vaddr);
        if ((*entry & PTE_PRESENT) == 0)
            *entry = direct_map_paddr(early_alloc(PAGE_SIZE)) | PTE_PRESENT |
                     PTE_WRITE;
        table = direct_map(*entry & PTE_PADDR);
    }
    *entry_at(table, leaf, vaddr) = paddr | bits | PTE_PRESENT;
}

/* Pages of the image, from start to end, at their physical address. */
static void map_image(const char *start, const char *end, uint64_t bits)
{
    for (; start < end; start += PAGE_SIZE)
        map((uint64_t)start, image_paddr(start), LEVEL_PAGE, bits);
}

/* In pages of 2 MiB: what these cover beyond the range is not looked at. */
static void map_direct(uint64_t start, uint64_t end, uint64_t bits)
{
    uint64_t paddr;

    for (paddr = ALIGN_DOWN(start, LARGE_SIZE); paddr < end;
         paddr += LARGE_SIZE)
        map(PARAPET_DIRECT_MAP + paddr, paddr, LEVEL_LARGE,
            bits | PTE_LARGE | PTE_NX);
}

uint64_t *native_root(void)
{
    return root;
}

void native_paging_init(const struct boot_info *boot)
{
    const struct privops_device *devices;
    unsigned int i, nr_devices = privops_devices(&devices);

    root = early_alloc(PAGE_SIZE);
    map_image(kernel_text_start, kernel_text_end, 0);
    map_image(kernel_rodata_start, kernel_rodata_end, PTE_NX);
    map_image(kernel_data_start, kernel_data_end, PTE_WRITE | PTE_NX);
    map_image(boot_stack_start, boot_stack_start + STACK_SIZE,
              PTE_WRITE | PTE_NX);
    for (i = 0; i < boot->nr_memory; i++)
        map_direct(boot->memory[i].start, boot->memory[i].end, PTE_WRITE);
    map_direct(boot->ramdisk.start, boot->ramdisk.end, PTE_WRITE);
    map_direct(IOAPIC_PADDR, IOAPIC_PADDR + 1, PTE_WRITE | PTE_UNCACHED);
    map_direct(LAPIC_PADDR, LAPIC_PADDR + 1, PTE_WRITE | PTE_UNCACHED);
    for (i = 0; i < nr_devices; i++)
        map_direct(devices[i].paddr, devices[i].paddr + devices[i].size,
                   PTE_WRITE | PTE_UNCACHED);
    write_cr3(direct_map_paddr(root));
}

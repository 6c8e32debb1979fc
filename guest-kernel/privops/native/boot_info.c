/* SPDX-License-Identifier: MIT
 *
 * struct boot_info from the start info of a PVH boot (lib/x86/pvh.h).
 */
#include <stdbool.h>

#include "guest-kernel/core/panic.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/privops/native/native.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "lib/x86/fw_cfg.h"
#include "lib/x86/pvh.h"

/* The firmware's; the first page tables reach to EARLY_END. */
#define LOW_END 0x100000ul
#define EARLY_END 0x40000000ul

static const void *boot_loader_data(uint64_t paddr, const char *what)
{
    if (paddr == 0 || paddr >= EARLY_END)
        panic("start info: the %s is at 0x%lx", what, paddr);
    return direct_map(paddr);
}

static void add_memory(struct boot_info *boot, struct memory_range range)
{
    unsigned int i = boot->nr_memory;

    range.start = ALIGN_UP(MAX(range.start, LOW_END), (uint64_t)PAGE_SIZE);
    range.end = ALIGN_DOWN(range.end, (uint64_t)PAGE_SIZE);
    if (range.start >= range.end || boot->nr_memory == BOOT_MAX_MEMORY)
        return;
    /* Insertion sort: the boot loader promises no order. */
    for (; i > 0 && boot->memory[i - 1].start > range.start; i--)
        boot->memory[i] = boot->memory[i - 1];
    boot->memory[i] = range;
    boot->nr_memory++;
}

static void read_memory_map(const struct pvh_start_info *start,
                            struct boot_info *boot)
{
    const struct pvh_memory *map =
        boot_loader_data(start->memmap_paddr, "memory map");
    struct memory_range range;
    uint32_t i;

    for (i = 0; i < start->nr_memmap; i++) {
        if (map[i].type != PVH_MEMORY_RAM)
            continue;
        range.start = map[i].paddr;
        range.end = map[i].paddr + map[i].size;
        add_memory(boot, range);
    }
    if (boot->nr_memory == 0)
        panic("start info: the memory map has no memory above 1 MiB");
}

static void read_ramdisk(const struct pvh_start_info *start,
                         struct boot_info *boot)
{
    const struct pvh_module *module;

    if (start->nr_modules == 0)
        return;
    module = boot_loader_data(start->modules_paddr, "module list");
    boot->ramdisk.start = module->paddr;
    boot->ramdisk.end = module->paddr + module->size;
}

void native_boot_info(uint32_t start_paddr, struct boot_info *boot)
{
    const struct pvh_start_info *start = boot_loader_data(start_paddr, "block");

    if (start->magic != PVH_START_MAGIC || start->version < 1)
        panic("start info: magic 0x%x, version %u; expected 0x%x, 1 or more",
              start->magic, start->version, PVH_START_MAGIC);
    read_memory_map(start, boot);
    read_ramdisk(start, boot);
    boot->nr_cpus = fw_cfg_nr_cpus();
    if (start->cmdline_paddr != 0)
        native_take_devices(
            boot_loader_data(start->cmdline_paddr, "command line"),
            boot->command_line, sizeof(boot->command_line));
    (void)string_copy(boot->platform, sizeof(boot->platform),
                      "the bare machine");
}

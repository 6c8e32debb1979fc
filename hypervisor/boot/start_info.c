/* SPDX-License-Identifier: MIT */
#include "hypervisor/boot/start_info.h"

#include <stdbool.h>

#include "hypervisor/base/log.h"
#include "hypervisor/base/panic.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "lib/x86/pvh.h"

#define MAPPED_BY_BOOT 0x100000000ul

/*
 * Where the hypervisor sees size bytes at paddr, which came from outside. Ends
 * the boot when not all of them are mapped by the boot page tables.
 */
static const void *early(uint64_t paddr, uint64_t size, const char *what)
{
    if (paddr == 0 || paddr > MAPPED_BY_BOOT || size > MAPPED_BY_BOOT - paddr)
        boot_refuse("%s at %lx, %lu bytes: expected within 1..%lx", what, paddr,
                    size, MAPPED_BY_BOOT - 1);
    return paddr_to_vaddr(paddr);
}

/* Nothing says that a structure is aligned, so it is copied. */
static void copy_in(void *copy, uint64_t paddr, uint64_t size, const char *what)
{
    memcpy(copy, early(paddr, size, what), size);
}

static void reserve(struct boot_info *info, uint64_t start, uint64_t end)
{
    if (info->nr_reserved == MAX_RESERVED_RANGES)
        boot_refuse("more than %u reserved ranges", MAX_RESERVED_RANGES);
    info->reserved[info->nr_reserved].start = start;
    info->reserved[info->nr_reserved].end = end;
    info->nr_reserved++;
}

static void read_cmdline(uint64_t paddr, struct boot_info *info)
{
    const char *line;
    size_t limit;
    size_t length;

    if (paddr == 0)
        return;
    line = early(paddr, 1, "the command line");
    limit = MIN(MAPPED_BY_BOOT - paddr, sizeof(info->cmdline));
    length = strnlen(line, limit);
    if (length == limit)
        boot_refuse("the command line does not end within %lu bytes", limit);
    memcpy(info->cmdline, line, length + 1);
}

static void add_ram(struct boot_info *info, uint64_t start, uint64_t size)
{
    if (start >= DIRECT_SIZE || info->nr_ram == MAX_RAM_RANGES) {
        log_warn("RAM at %lx, %lu KiB, is not used: expected %u ranges below "
                 "%lx",
                 start, size / 1024, MAX_RAM_RANGES, DIRECT_SIZE);
        return;
    }
    info->ram[info->nr_ram].start = start;
    info->ram[info->nr_ram].end = start + MIN(size, DIRECT_SIZE - start);
    info->nr_ram++;
}

/* Reserved entries can lie far above RAM: never size by them. */
static void read_memmap(const struct pvh_start_info *si, struct boot_info *info)
{
    struct pvh_memory entry;
    const uint8_t *map = early(si->memmap_paddr, si->nr_memmap * sizeof(entry),
                               "the memory map");

    for (uint32_t i = 0; i < si->nr_memmap; i++) {
        memcpy(&entry, map + i * sizeof(entry), sizeof(entry));
        if (entry.type == PVH_MEMORY_RAM && entry.size > 0)
            add_ram(info, entry.paddr, entry.size);
    }
    if (info->nr_ram == 0)
        boot_refuse("the memory map has no RAM");
}

/* Later only RAM is in the direct map. */
static bool in_ram(const struct boot_info *info, uint64_t start, uint64_t end)
{
    for (size_t i = 0; i < info->nr_ram; i++) {
        if (info->ram[i].start <= start && end <= info->ram[i].end)
            return true;
    }
    return false;
}

static void read_modules(const struct pvh_start_info *si,
                         struct boot_info *info)
{
    struct pvh_module module;

    if (si->nr_modules == 0)
        return;
    copy_in(&module, si->modules_paddr, sizeof(module), "the module list");
    info->bundle = early(module.paddr, module.size, "the boot bundle");
    info->bundle_size = module.size;
    if (!in_ram(info, module.paddr, module.paddr + module.size))
        boot_refuse("the boot bundle at %lx, %lu bytes, is not in RAM",
                    module.paddr, module.size);
    reserve(info, module.paddr, module.paddr + module.size);
}

void start_info_read(uint64_t paddr, uint64_t image_end, struct boot_info *info)
{
    struct pvh_start_info si;

    memset(info, 0, sizeof(*info));
    copy_in(&si, paddr, sizeof(si), "start info");
    if (si.magic != PVH_START_MAGIC || si.version < 1)
        boot_refuse("PVH start info at %lx: expected magic %x, version 1 or "
                    "above; got %x, %u",
                    paddr, PVH_START_MAGIC, si.magic, si.version);
    /* Everything that firmware may have left below 1 MiB, and the image. */
    reserve(info, 0, 0x100000);
    reserve(info, HV_LOAD_PADDR, image_end);
    read_cmdline(si.cmdline_paddr, info);
    read_memmap(&si, info);
    read_modules(&si, info);
}

/* SPDX-License-Identifier: MIT */
#include "hypervisor/boot/start_info.h"

#include "hypervisor/core/panic.h"
#include "lib/macros.h"
#include "lib/string.h"

#define START_INFO_MAGIC 0x336ec578
#define MEMMAP_RAM 1
#define MAPPED_BY_BOOT 0x100000000ul

struct hvm_start_info {
    uint32_t magic;
    uint32_t version;
    uint32_t flags;
    uint32_t nr_modules;
    uint64_t modlist_paddr;
    uint64_t cmdline_paddr;
    uint64_t rsdp_paddr;
    uint64_t memmap_paddr; /* from version 1 on */
    uint32_t memmap_entries;
    uint32_t reserved;
};

struct hvm_modlist_entry {
    uint64_t paddr;
    uint64_t size;
    uint64_t cmdline_paddr;
    uint64_t reserved;
};

struct hvm_memmap_entry {
    uint64_t addr;
    uint64_t size;
    uint32_t type;
    uint32_t reserved;
};

extern char hv_end[];

static const void *early(uint64_t paddr, uint64_t size, const char *what)
{
    if (paddr == 0 || paddr + size < paddr || paddr + size > MAPPED_BY_BOOT)
        boot_refuse("%s at %lx, %lu bytes: expected below %lx", what, paddr,
                    size, MAPPED_BY_BOOT);
    return paddr_to_vaddr(paddr);
}

static void reserve(struct boot_info *info, uint64_t start, uint64_t end)
{
    if (info->nr_reserved == MAX_RESERVED_RANGES)
        boot_refuse("more than %u reserved ranges", MAX_RESERVED_RANGES);
    info->reserved[info->nr_reserved].start = start;
    info->reserved[info->nr_reserved].end = end;
    info->nr_reserved++;
}

static void read_memmap(const struct hvm_start_info *si, struct boot_info *info)
{
    const struct hvm_memmap_entry *map = early(
        si->memmap_paddr, si->memmap_entries * sizeof(*map), "the memory map");

    for (uint32_t i = 0; i < si->memmap_entries; i++) {
        /* Reserved entries can lie far above RAM: never size by them. */
        if (map[i].type != MEMMAP_RAM || map[i].size == 0 ||
            map[i].addr >= DIRECT_SIZE || info->nr_ram == MAX_RAM_RANGES)
            continue;
        info->ram[info->nr_ram].start = map[i].addr;
        info->ram[info->nr_ram].end =
            MIN(map[i].addr + map[i].size, DIRECT_SIZE);
        info->nr_ram++;
    }
    if (info->nr_ram == 0)
        boot_refuse("the memory map has no RAM");
}

static void read_modules(const struct hvm_start_info *si,
                         struct boot_info *info)
{
    const struct hvm_modlist_entry *module;

    if (si->nr_modules == 0)
        return;
    module = early(si->modlist_paddr, sizeof(*module), "the module list");
    info->bundle = early(module->paddr, module->size, "the boot bundle");
    info->bundle_size = module->size;
    reserve(info, module->paddr, module->paddr + module->size);
}

void start_info_read(uint64_t paddr, struct boot_info *info)
{
    const struct hvm_start_info *si = early(paddr, sizeof(*si), "start info");

    if (si->magic != START_INFO_MAGIC || si->version < 1)
        boot_refuse("PVH start info at %lx: expected magic %x, version 1 or "
                    "above; came %x, %u",
                    paddr, START_INFO_MAGIC, si->magic, si->version);
    /* Everything that firmware may have left below 1 MiB, and the image. */
    reserve(info, 0, 0x100000);
    reserve(info, HV_LOAD_PADDR, (uint64_t)hv_end - IMAGE_BASE);
    if (si->cmdline_paddr)
        (void)string_copy(info->cmdline, sizeof(info->cmdline),
                          early(si->cmdline_paddr, 1, "the command line"));
    read_memmap(si, info);
    read_modules(si, info);
}

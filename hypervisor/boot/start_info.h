/* SPDX-License-Identifier: MIT
 *
 * What the PVH boot hands over: memory map, modules, command line
 * (lib/x86/pvh.h).
 */
#ifndef HYPERVISOR_BOOT_START_INFO_H
#define HYPERVISOR_BOOT_START_INFO_H

#include <stddef.h>
#include <stdint.h>

#include "hypervisor/mm/frame.h"

#define MAX_RAM_RANGES 16
#define MAX_RESERVED_RANGES 8
#define MAX_CMDLINE 2048

struct boot_info {
    struct memory_range ram[MAX_RAM_RANGES];
    size_t nr_ram;
    struct memory_range reserved[MAX_RESERVED_RANGES];
    size_t nr_reserved;
    const void *bundle; /* in the direct map; NULL when there is no module */
    size_t bundle_size;
    char cmdline[MAX_CMDLINE];
};

/*
 * Copies what is needed out of the structure at paddr. image_end is the
 * physical address after the hypervisor's image. Ends the boot when there is
 * no such structure, or something of it lies outside the first 4 GiB.
 */
void start_info_read(uint64_t paddr, uint64_t image_end,
                     struct boot_info *info);

#endif

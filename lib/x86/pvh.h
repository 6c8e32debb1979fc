/* SPDX-License-Identifier: MIT
 *
 * The PVH boot: how a kernel says where it is entered, and what the loader
 * hands over. Format: Xen's public headers elfnote.h and
 * arch-x86/hvm/start_info.h, described in docs/misc/pvh.pandoc of Xen. All
 * addresses are physical.
 */
#ifndef LIB_X86_PVH_H
#define LIB_X86_PVH_H

/* The type of the note, of "Xen", that holds the entry's address. */
#define PVH_NOTE_ENTRY 18 /* XEN_ELFNOTE_PHYS32_ENTRY */

#ifndef __ASSEMBLY__

#include <stdint.h>

#define PVH_START_MAGIC 0x336ec578

/* At the address in ebx. */
struct pvh_start_info {
    uint32_t magic;
    uint32_t version; /* from 1 on it has a memory map */
    uint32_t flags;
    uint32_t nr_modules;
    uint64_t modules_paddr;
    uint64_t cmdline_paddr;
    uint64_t rsdp_paddr;
    uint64_t memmap_paddr;
    uint32_t nr_memmap;
    uint32_t reserved;
};

struct pvh_module {
    uint64_t paddr;
    uint64_t size;
    uint64_t cmdline_paddr;
    uint64_t reserved;
};

#define PVH_MEMORY_RAM 1

struct pvh_memory {
    uint64_t paddr;
    uint64_t size;
    uint32_t type;
    uint32_t reserved;
};

_Static_assert(sizeof(struct pvh_start_info) == 56, "the layout is Xen's");
_Static_assert(sizeof(struct pvh_module) == 32, "the layout is Xen's");
_Static_assert(sizeof(struct pvh_memory) == 24, "the layout is Xen's");

#endif
#endif

/* SPDX-License-Identifier: MIT
 *
 * Memory as a guest sees it: the form of a page-table entry, the tables that
 * it may read, and what the memory hypercalls take. Usable from C and, the
 * structures aside, from assembly. docs/ABI.md section 3 is the prose.
 *
 * A machine frame number (mfn) names a frame of the machine, a guest frame
 * number (gfn) one of the domain's. Page tables hold machine frames.
 */
#ifndef ABI_MEMORY_H
#define ABI_MEMORY_H

#include "abi/abi.h"

/*
 * The machine-to-physical table: entry mfn is the gfn of the frame in the
 * domain that owns it, PARAPET_NO_GFN if nobody does. 64 bits each, read-only,
 * absent from user roots; where the machine has no frames it is not mapped.
 */
#define PARAPET_M2P 0xffff800000000000

/*
 * The physical-to-machine table: entry gfn is the mfn, PARAPET_NO_MFN where
 * there is none. 64 bits each. Filled by the hypervisor before the start, and
 * the guest's to keep from then on.
 */
#define PARAPET_P2M 0xffffff4000000000

#define PARAPET_NO_GFN 0xffffffffffffffff
#define PARAPET_NO_MFN 0xffffffffffffffff

/*
 * A page-table entry as a guest writes it, at every level. Any bit that is
 * not named here is refused with -EINVAL (large pages, caching, global, keys,
 * what is above the address). An entry without PARAPET_PTE_P has no address:
 * bits 12..51 are 0; its other bits are the guest's own.
 *
 * What a guest reads back of a present entry has PARAPET_PTE_U set, always,
 * and PARAPET_PTE_KERNEL if it was written without PARAPET_PTE_U. It must not
 * write PARAPET_PTE_KERNEL itself. Nor PARAPET_PTE_FOREIGN, which is set where
 * the entry maps what is not the domain's own, and is not to be changed but by
 * the call that takes such a mapping away (abi/grant.h). Where that is a page
 * of a device (device_map), PARAPET_PTE_UNCACHED is set, too.
 */
#define PARAPET_PTE_P 0x1
#define PARAPET_PTE_W 0x2
#define PARAPET_PTE_U 0x4
#define PARAPET_PTE_UNCACHED 0x18 /* the bits PWT and PCD */
#define PARAPET_PTE_A 0x20
#define PARAPET_PTE_D 0x40
#define PARAPET_PTE_SOFT 0x600 /* bits 9 and 10: the guest's own */
#define PARAPET_PTE_KERNEL 0x800
#define PARAPET_PTE_ADDRESS 0x000ffffffffff000
#define PARAPET_PTE_FOREIGN 0x0010000000000000
#define PARAPET_PTE_NX 0x8000000000000000

/* mmu_pin: what the frame is to be. 1 to 4 are the level of a page table. */
#define PARAPET_TABLE_L1 1
#define PARAPET_TABLE_L2 2
#define PARAPET_TABLE_L3 3
#define PARAPET_TABLE_L4 4   /* a kernel root */
#define PARAPET_TABLE_USER 5 /* a user root: an L4 of the lower half only */

/* What to do about translations that a TLB may hold. */
#define PARAPET_FLUSH_NONE 0
#define PARAPET_FLUSH_LOCAL 1 /* of this vCPU */
#define PARAPET_FLUSH_ALL 2   /* of all vCPUs of the domain */

/* mmu_update, memory_give_back, memory_populate: entries in one call. */
#define PARAPET_MAX_UPDATES 4096
#define PARAPET_MAX_FRAMES 4096

#ifndef __ASSEMBLY__

#include <stddef.h>
#include <stdint.h>

/* mmu_update: one entry. */
struct parapet_pte_update {
    uint64_t pte;   /* machine address of the entry: mfn * 4096 + 8 * index */
    uint64_t value; /* the bits that the call's mask selects */
};

/* memory_populate: one frame. */
struct parapet_populate {
    uint64_t gfn; /* guest writes: where it is to be in the M2P */
    uint64_t mfn; /* hypervisor writes: the frame, zeroed */
};

/* memory_limits: in frames unless said otherwise. */
struct parapet_memory_limits {
    uint64_t nr_frames;      /* that the domain has */
    uint64_t max_frames;     /* that it may have */
    uint64_t nr_gfns;        /* gfns are below this */
    uint64_t nr_mfns;        /* and mfns below this */
    uint64_t max_references; /* to one frame: entries, pins and roots */
    uint64_t nr_charged;     /* of the hypervisor's, for what the domain lends
                                and borrows: nr_frames and these together are
                                what max_frames limits */
};

_Static_assert(sizeof(struct parapet_pte_update) == 16 &&
                   offsetof(struct parapet_pte_update, value) == 8,
               "parapet_pte_update changed: this breaks the ABI");
_Static_assert(sizeof(struct parapet_populate) == 16 &&
                   offsetof(struct parapet_populate, mfn) == 8,
               "parapet_populate changed: this breaks the ABI");
_Static_assert(sizeof(struct parapet_memory_limits) == 48 &&
                   offsetof(struct parapet_memory_limits, nr_mfns) == 24 &&
                   offsetof(struct parapet_memory_limits, nr_charged) == 40,
               "parapet_memory_limits changed: this breaks the ABI");

#endif
#endif

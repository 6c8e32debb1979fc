/* SPDX-License-Identifier: MIT
 *
 * The machine's frames: which are free. A machine frame number (mfn) is a
 * physical address divided by 4096.
 */
#ifndef HYPERVISOR_MM_FRAME_H
#define HYPERVISOR_MM_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hypervisor/x86/layout.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096ul
/* How many hold so many bytes. */
#define NR_PAGES(bytes) (((uint64_t)(bytes) + PAGE_SIZE - 1) / PAGE_SIZE)

typedef uint64_t mfn_t;
#define MFN_NONE (~(mfn_t)0)

/* A range of physical memory, in bytes. */
struct memory_range {
    uint64_t start;
    uint64_t end;
};

/*
 * Takes over the usable RAM, except what is reserved. Ranges are in bytes,
 * in any order; the bookkeeping is placed inside the first GiB, which the
 * boot page tables map. Returns false when there is no place for it.
 */
bool frame_init(const struct memory_range *ram, size_t nr_ram,
                const struct memory_range *reserved, size_t nr_reserved);

/*
 * Any free frame, zeroed; MFN_NONE when there is none left. A fixed number of
 * steps besides the zeroing. Nothing else gives out a frame at run time, so no
 * frame comes to an owner with what another one wrote.
 */
mfn_t frame_alloc_zeroed(void);

/* The first of nr frames in a row, zeroed; MFN_NONE when there is no such run.
 * Boot only: it searches all of RAM. */
mfn_t frame_alloc_run(size_t nr);

/* From now on frame_alloc_run() is a bug. */
void frame_boot_ends(void);

/*
 * The frame was allocated and nobody uses it any more. A fixed number of steps.
 * DEBUG=1: who writes to it from now on stops the machine when it is given out
 * again.
 */
void frame_free(mfn_t mfn);

/* All frames of RAM are below this. */
size_t frame_limit(void);

size_t frame_nr_free(void);
size_t frame_nr_total(void);

/* Where the hypervisor sees the frame; writable, cached. */
static inline void *frame_vaddr(mfn_t mfn)
{
    return (void *)(DIRECT_BASE + (mfn << PAGE_SHIFT));
}

static inline uint64_t frame_paddr(mfn_t mfn)
{
    return mfn << PAGE_SHIFT;
}

/* Of a pointer that frame_vaddr() gave. */
static inline mfn_t frame_of(const void *vaddr)
{
    return ((uint64_t)vaddr - DIRECT_BASE) >> PAGE_SHIFT;
}

/* Where the hypervisor sees a physical address. */
static inline void *paddr_to_vaddr(uint64_t paddr)
{
    return (void *)(DIRECT_BASE + paddr);
}

/* The same the other way, of an address in the direct map. */
static inline uint64_t vaddr_to_paddr(const void *vaddr)
{
    return (uint64_t)vaddr - DIRECT_BASE;
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * The guest's memory as Xen maps it at the start: pfn N at XEN_GUEST_BASE +
 * N * 4096, the page tables among it, read-only. A function fails the bench
 * when Xen refuses.
 */
#ifndef BENCH_XEN_MEMORY_H
#define BENCH_XEN_MEMORY_H

#include <stdint.h>

#include "tests/bench/xen/abi.h"

#define PAGE_SIZE 4096u
#define PTE_PRESENT 0x1u
#define PTE_WRITABLE 0x2u
#define PTE_USER 0x4u

void memory_init(const struct xen_start_info *start);

/* The machine frame behind a page of the guest's image. */
uint64_t memory_mfn(const void *page);

/* A present entry for that frame, writable or not. */
uint64_t memory_pte(const void *page);
uint64_t memory_pte_read_only(const void *page);

/* Where the lowest-level entry for an address of the image is. */
struct pte_place {
    volatile uint64_t *vaddr; /* mapped read-only */
    uint64_t maddr;
};
struct pte_place memory_place(const void *page);

/* Maps a machine address, or nothing if value is 0, in place of a page. */
void memory_map(void *page, uint64_t value);

/* Makes an empty page a root with the guest's whole image, and pins it. */
void memory_make_root(uint64_t *page);

/* The root that the guest was started on. */
uint64_t memory_first_root_mfn(void);

/* One operation on an address space (XEN_MMUEXT_...). */
void memory_mmuext(uint32_t operation, uint64_t mfn_or_vaddr);

#endif

/* SPDX-License-Identifier: MIT
 *
 * The hypervisor's own page tables. Guests have their own (mm/table.h). Entry
 * format: APM 2, 5.3.
 */
#ifndef HYPERVISOR_MM_PAGING_H
#define HYPERVISOR_MM_PAGING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hypervisor/mm/frame.h"

#define PTE_P 0x1ul
#define PTE_W 0x2ul
#define PTE_U 0x4ul
#define PTE_PWT 0x8ul
#define PTE_PCD 0x10ul
#define PTE_PS 0x80ul
#define PTE_NX (1ul << 63)

/* PML4 slots of the hypervisor: the same in every address space. */
#define HV_FIRST_SLOT 256
#define HV_NR_SLOTS 16

/*
 * Maps one 4 KiB page into the tables under root, making missing tables.
 * Returns false when there is no memory, or something is mapped there. flags
 * are the leaf's PTE_*; tables get P, W and the leaf's U. Takes no lock.
 */
bool paging_map(mfn_t root, uint64_t vaddr, mfn_t mfn, uint64_t flags);

/*
 * The hypervisor's own address space: image, direct map of the RAM ranges,
 * device registers. Panics when there is no memory.
 */
void paging_init(const struct memory_range *ram, size_t nr_ram);

/* The hypervisor's root; CPUs without a guest run on it. */
mfn_t paging_root(void);

/* Maps a page of device registers, uncached; returns its address. */
volatile void *paging_map_device(uint64_t paddr);

#endif

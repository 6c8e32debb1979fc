/* SPDX-License-Identifier: MIT
 *
 * Where things are in virtual memory, the same in both builds. For C, the
 * assembly and the linker script (kernel.lds.S): plain numbers in the first
 * half.
 *
 *   0000000000001000  user memory (mm/space.h)
 *   ffff880000000000  PARAPET_DIRECT_MAP: all memory, from physical 0 upward;
 *                     pv: page tables are read-only there
 *   ffffff0000000000  pv: pages shared with the hypervisor (abi/abi.h)
 *   ffffff4000000000  pv: PARAPET_P2M, the machine frame of each page
 *   ffffffff80100000  the image, physical 0x100000:
 *                       text | read-only data | data and bss | guard | boot
 *                       stack
 *   ffffffffc0000000  KERNEL_STACKS: the stacks of threads, each with a page
 *                     below it that is never mapped (thread/stack.c)
 *   ffffffffd0000000  pv: KERNEL_LOANS, pages that other domains lend
 *                     (pvenv/page.c)
 *   ffffffffe0000000  pv: KERNEL_DEVICES, registers of devices
 *                     (privops/pv/device.c)
 *
 * Each part of the image is a PT_LOAD segment of its own, and what is between
 * two segments is not mapped: under the hypervisor, which maps segments and
 * nothing else, this gives a kernel guard pages before its first instruction.
 */
#ifndef GUEST_KERNEL_MM_LAYOUT_H
#define GUEST_KERNEL_MM_LAYOUT_H

#include "abi/abi.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE 0x1000

#define KERNEL_BASE 0xffffffff80000000
#define KERNEL_LOAD_PADDR 0x100000

/* Memory above is not used: mm/table.h says why there is a limit. */
#define MEMORY_LIMIT 0x400000000 /* 16 GiB */

#define STACK_SIZE 0x4000

/* For as many threads as there can be, and the kernel's own. */
#define KERNEL_STACKS 0xffffffffc0000000
#define NR_STACKS 544

/* As many as one page table maps. */
#define KERNEL_LOANS 0xffffffffd0000000
#define NR_LOANS 512

#define KERNEL_DEVICES 0xffffffffe0000000
#define NR_DEVICE_PAGES 16

#ifndef __ASSEMBLY__

#include <stdint.h>

/* Defined by the linker script; each at the start of a page. */
extern char kernel_text_start[], kernel_text_end[];
extern char kernel_rodata_start[], kernel_rodata_end[];
extern char kernel_data_start[], kernel_data_end[];
extern char boot_stack_start[], kernel_end[];

/* The physical address of something in the image. */
static inline uint64_t image_paddr(const void *object)
{
    return (uint64_t)object - KERNEL_BASE;
}

static inline void *direct_map(uint64_t paddr)
{
    return (void *)(PARAPET_DIRECT_MAP + paddr);
}

static inline uint64_t direct_map_paddr(const void *object)
{
    return (uint64_t)object - PARAPET_DIRECT_MAP;
}

#endif
#endif

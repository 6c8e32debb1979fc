/* SPDX-License-Identifier: MIT
 *
 * Makes a domain of a kernel, a RAM disk and a description: where everything
 * lies, its contents, and the first address space (abi/abi.h has the map). It
 * owns which gfn is what:
 *
 *   0            memory, as much as the description says: the kernel's
 *                segments at their paddr, the RAM disk at the top
 *   start_gfn    the shared page
 *   grant_gfn    the first frame of the grant table
 *   dtb_gfn      the device tree, PARAPET_DTB_MAX bytes
 *   stack_gfn    the start stack
 *   bus_gfn      the bus page and, at console_gfn, the console's: of a domain
 *                that the control domain serves
 *   vcpu_gfn     for each vCPU: its page, counters, latency
 *   p2m_gfn      the P2M
 *   tables_gfn   page tables, the root first, and some frames that are free
 *   nr_gfns
 *
 * Two steps, since a domain can only be made when it is known how large it is:
 *
 *   build_plan()     nothing is asked of anybody
 *   (the caller makes the domain: plan.nr_gfns frames, its shared page at
 *   plan.start_gfn, its grant table at plan.grant_gfn)
 *   build_domain()   asks for frames, writes, and says where vCPU 0 starts
 *
 * No locks and no allocation; no step needs frames in a row, and all that it
 * remembers is in the caller's scratch memory. libfdt runs below
 * build_domain(): in ring 0 it needs a valid stack canary slot.
 */
#ifndef LIB_BUILDER_BUILD_H
#define LIB_BUILDER_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/builder/dtb.h"
#include "lib/builder/elf.h"
#include "lib/builder/services.h"

/* What the domain is to be. The pointers stay good until it is built. */
struct build_description {
    uint64_t memory_bytes; /* a multiple of 4096 */
    uint32_t nr_vcpus;     /* 1..PARAPET_MAX_VCPUS */
    const char *bootargs;  /* "" when there are none */

    const void *image;              /* the kernel's ELF file, */
    const struct elf_image *kernel; /* and what elf_kernel_read() found in it */

    const void *ramdisk; /* NULL: none */
    size_t ramdisk_size;
    const char *ramdisk_name; /* for what is said of it */

    /* It gets a page for the bus and one for the console, which it lends to the
     * control domain, and a port for each. */
    bool served;

    /* Devices that it drives, for its device tree. */
    const struct dtb_device *devices;
    unsigned int nr_devices;
};

/*
 * What build_plan() has found. All but nr_gfns, start_gfn, grant_gfn and
 * scratch_size is for build_domain().
 */
struct build_plan {
    const struct build_description *description;
    uint64_t start_gfn;
    uint64_t grant_gfn;
    uint64_t dtb_gfn;
    uint64_t stack_gfn;
    uint64_t bus_gfn; /* 0: it is not served */
    uint64_t console_gfn;
    uint64_t vcpu_gfn;
    uint64_t p2m_gfn;
    uint64_t tables_gfn;
    uint64_t nr_tables; /* that are in use */
    uint64_t nr_gfns;
    uint64_t nr_segment_pages; /* of all segments */
    uint64_t ramdisk_paddr;
    /* In bytes: 64 KiB, 8 for each page of the kernel, and one for each 32
     * frames of memory. */
    uint64_t scratch_size;
    unsigned int nr_segments;
    /* The kernel's segments by vaddr, ascending; of each, how many pages those
     * before it have. */
    uint8_t by_vaddr[ELF_MAX_SEGMENTS];
    uint64_t first_page[ELF_MAX_SEGMENTS];
};

/* What has come of making it. */
struct build_made {
    uint32_t id;
    uint64_t shared_mfn; /* at start_gfn */
    uint64_t grant_mfn;  /* at grant_gfn */
};

/*
 * Decides where everything lies. 0, or with a line in why (refuse.h):
 * -PARAPET_EINVAL, or -PARAPET_ENOSPC when the memory is too small for the RAM
 * disk beside the kernel.
 */
int build_plan(const struct build_description *description,
               struct build_plan *plan, char *why, size_t why_size);

/*
 * Builds the domain that was made. scratch has plan->scratch_size bytes,
 * aligned to 8. 0, or with a line in why what a service answered, or
 * -PARAPET_EINVAL when the device tree gets too large. A domain that was not
 * built to the end is of no use but to be destroyed.
 */
int build_domain(const struct build_plan *plan,
                 const struct builder_services *services, void *context,
                 const struct build_made *made, void *scratch, char *why,
                 size_t why_size);

#endif

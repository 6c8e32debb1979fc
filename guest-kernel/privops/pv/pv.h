/* SPDX-License-Identifier: MIT
 *
 * What the files of the pv build share: the pages that the hypervisor shares
 * with us (abi/shared.h), and the steps of the start, in their order.
 */
#ifndef GUEST_KERNEL_PRIVOPS_PV_PV_H
#define GUEST_KERNEL_PRIVOPS_PV_PV_H

#include <stdint.h>

#include "abi/shared.h"
#include "guest-kernel/boot_info.h"
#include "guest-kernel/privops/mmu.h"

/* The kernel has one vCPU. */
static inline volatile struct parapet_vcpu_page *pv_vcpu_page(void)
{
    return (volatile struct parapet_vcpu_page *)PARAPET_VCPU_PAGE(0ul);
}

static inline volatile struct parapet_shared_page *pv_shared_page(void)
{
    return (volatile struct parapet_shared_page *)PARAPET_SHARED_PAGE;
}

/* Registers the entries for exceptions and events. Panics on failure. */
void pv_traps_init(void);

/* Gives the libraries the words that they look for at %fs. */
void pv_library_init(void);

/* Reads the device tree. Panics when something needed is missing in it. */
void pv_boot_info(const void *dtb, struct boot_info *boot);

/* The device tree has this device; the next one has a higher address, or is
 * not in the list. */
void pv_device_add(uint64_t paddr, uint64_t size, uint32_t irq);

/*
 * A console that is not the hypervisor's, pvenv/console.c; text goes there as
 * soon as it is set. Interrupts are disabled for both.
 */
struct pv_console {
    /* Writes what there is room for: how much. The console's port is raised
     * when there may be room for more. */
    size_t (*write)(const char *text, size_t size);
    size_t (*read)(char *buffer, size_t size); /* as privops_console_read() */
};
void pv_console_set(const struct pv_console *console);

/* The page is to be in the direct map no more; mmu_batch_make_plain() puts it
 * there again. */
void pv_batch_unmap(struct mmu_batch *batch, const void *page);

/* What to do when a hypercall that cannot fail has failed. */
void pv_check(int64_t result, const char *what);

#endif

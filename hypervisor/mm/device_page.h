/* SPDX-License-Identifier: MIT
 *
 * Pages of devices' registers: which there are, and the entries of guests'
 * tables that map them. It knows owners, and no devices.
 */
#ifndef HYPERVISOR_MM_DEVICE_PAGE_H
#define HYPERVISOR_MM_DEVICE_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "hypervisor/mm/type.h"

#define MAX_DEVICE_PAGES 8u

/* A page that may be mapped from now on: no RAM, and nothing in it is the
 * hypervisor's. Boot only; false when there are too many. */
bool device_page_add(mfn_t page);

/*
 * Makes the empty entry at machine address pte map the page for the owner's
 * kernel: writable, uncached, no-execute; as table_map_checked() does it.
 * -EPERM, too: it is no page of a device. -ENOSPC, too: the owner has as many
 * mappings as it may have. m's lock is held.
 */
int device_page_map(struct memory_owner *m, uint64_t pte, mfn_t page);

/*
 * Clears such an entry. CPUs may go on translating by it: the caller has them
 * flush. -ENOENT: it maps no page of a device. m's lock is held.
 */
int device_page_unmap(struct memory_owner *m, uint64_t pte);

/* Clears all of an owner that has ended. m's lock is held. */
void device_page_end(struct memory_owner *m);

#endif

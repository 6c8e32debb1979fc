/* SPDX-License-Identifier: MIT
 *
 * What a memory owner has mapped of devices' pages (mm/device_page.h). For
 * struct memory_owner (mm/type.h).
 */
#ifndef HYPERVISOR_MM_DEVICE_STATE_H
#define HYPERVISOR_MM_DEVICE_STATE_H

#include <stdint.h>

#include "hypervisor/mm/frame.h"

/* So many mappings at once. */
#define MAX_DEVICE_MAPS 16u

struct device_map {
    uint64_t pte; /* machine address of its entry */
    mfn_t page;
};

/* The first nr are in use. All of it changes under the memory lock. */
struct device_maps {
    uint32_t nr;
    struct device_map maps[MAX_DEVICE_MAPS];
};

#endif

/* SPDX-License-Identifier: MIT
 *
 * What the files of the audit share.
 */
#ifndef HYPERVISOR_MM_AUDIT_COUNT_H
#define HYPERVISOR_MM_AUDIT_COUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "hypervisor/mm/type.h"

struct audit {
    struct memory_owner *m;
    uint64_t nr_frames; /* in its list, as far as that can be followed */
    uint64_t nr_releasing;
    uint64_t nr_wrong;
};

/* Logs a difference, and counts it. */
void audit_expect(struct audit *a, mfn_t mfn, const char *what,
                  uint64_t expected, uint64_t got);

#endif

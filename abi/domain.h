/* SPDX-License-Identifier: MIT
 *
 * What the calls of domain control take and tell: for the control domain alone.
 * docs/ABI.md, section 13, is the prose. All padding is 0.
 */
#ifndef ABI_DOMAIN_H
#define ABI_DOMAIN_H

#include <stddef.h>
#include <stdint.h>

/* machine_info. */
struct parapet_machine_info {
    uint64_t nr_frames;   /* that there are to be given out */
    uint64_t free_frames; /* that nobody has; changes at any time */
    uint64_t nr_mfns;     /* machine frame numbers are below this */
    uint32_t nr_domains;  /* that there are, those that have ended as well */
    uint32_t max_domains;
};

_Static_assert(sizeof(struct parapet_machine_info) == 32 &&
                   offsetof(struct parapet_machine_info, nr_domains) == 24,
               "parapet_machine_info changed: this breaks the ABI");

#endif

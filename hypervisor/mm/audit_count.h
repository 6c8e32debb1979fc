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
    uint64_t nr_held;    /* frames that are marked so */
    uint64_t nr_foreign; /* entries that map frames of others */
    uint64_t foreign;    /* and what they say, added up: audit_foreign() */
    uint64_t nr_devices; /* the same of entries that map devices */
    uint64_t devices;
    uint64_t nr_wrong;
};

/* Logs a difference, and counts it. */
void audit_differs(struct audit *a, mfn_t mfn, const char *what,
                   uint64_t expected, uint64_t got);

/* For each of thousands of entries: a comparison, and a call if it fails. */
static inline void audit_expect(struct audit *a, mfn_t mfn, const char *what,
                                uint64_t expected, uint64_t got)
{
    if (expected != got)
        audit_differs(a, mfn, what, expected, got);
}

bool audit_is_own(const struct audit *a, mfn_t mfn);

/* from refers to mfn, and insists on the type if counted. */
void audit_count(struct audit *a, mfn_t from, mfn_t mfn, bool counted,
                 enum frame_type type);

/*
 * A number for an entry at machine address pte that maps a frame of another
 * domain. If those of all entries add up to the same as those of all mappings,
 * each entry is one mapping's: other sets do not have the same sum by accident.
 */
static inline uint64_t audit_foreign(uint64_t pte, mfn_t mfn, bool writable)
{
    uint64_t mixed = (pte ^ mfn << 41 ^ writable) * 0x9e3779b97f4a7c15ul;

    return (mixed ^ mixed >> 29) * 0xbf58476d1ce4e5b9ul;
}

/* ---- mm/audit_device.c ---- */

/* References by what m has mapped of devices; and of a->devices, for which all
 * entries are counted. */
void audit_count_devices(struct audit *a);

/* ---- mm/audit_grant.c ---- */

/* References by what others have of m's, as its records say. The lock of m's
 * table of grants is held. */
void audit_count_lent(struct audit *a);

/* By m's mappings, to its own tables; and what they say for themselves, and of
 * a->foreign, for which all entries are counted. */
void audit_count_mappings(struct audit *a);

#endif

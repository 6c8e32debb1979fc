/* SPDX-License-Identifier: MIT
 *
 * Counts from scratch what mm/type.c and mm/table.c keep up to date, and
 * compares. For tests: it looks at every frame in question and stops for
 * nobody.
 */
#ifndef HYPERVISOR_MM_AUDIT_H
#define HYPERVISOR_MM_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hypervisor/mm/type.h"

/* Set once, at boot: audit=on. */
extern bool audit_enabled;

/*
 * A reference that is held by no page-table entry: by a vCPU's root (of its
 * type), or by the hypervisor, of TYPE_WRITABLE or TYPE_NONE.
 */
struct audit_hold {
    mfn_t mfn;
    enum frame_type type;
};

/*
 * Everything about the frames of m: list, owner, references, type, type count,
 * valid, bits and slots of each table, M2P, stamp, list of tables to be
 * released; what others have of them, and what m has of others: records,
 * handles, entries, and the numbers of all these. Logs each difference as
 * "audit: ..." (the first 20) and returns how many there are. m's lock is held.
 * That of its table of grants is taken.
 */
uint64_t audit_memory(struct memory_owner *m, const struct audit_hold *holds,
                      size_t nr_holds);

/*
 * What no domain's audit sees: frames of nobody, those left behind by owners
 * that have ended, and whether each other frame is in the list of the owner
 * that it names. find tells the owner with this id; NULL: there is none, or it
 * is gone but for frames that the hypervisor holds. Other CPUs may go on
 * meanwhile; one caller at a time, who holds no memory lock. Logs and returns
 * differences as above.
 */
uint64_t audit_machine(struct memory_owner *(*find)(unsigned int id));

#endif

/* SPDX-License-Identifier: MIT
 *
 * What a memory owner has for grants: what it lends (mm/grant.h), and what it
 * has of others (mm/grant_handle.h). For struct memory_owner (mm/type.h).
 */
#ifndef HYPERVISOR_MM_GRANT_STATE_H
#define HYPERVISOR_MM_GRANT_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/grant.h"
#include "hypervisor/base/spinlock.h"

/* ---- what it lends ---- */

/*
 * Of an entry of its table: how often it is in use. Not the guest's: whatever
 * the guest writes into its table, the frame and who has it stay. All zeros, or
 * a frame that has readers plain references and writers writable ones by this.
 */
struct grant_record {
    uint32_t mfn;
    uint32_t domain; /* whose id; it alone has it meanwhile */
    uint32_t readers;
    uint32_t writers;
};

#define GRANT_RECORDS_PER_FRAME (4096 / sizeof(struct grant_record))
_Static_assert(GRANT_RECORDS_PER_FRAME == PARAPET_GRANTS_PER_FRAME,
               "a frame of records for each frame of the table");

/* All of it changes under the lock, but for the entries, which the guest writes
 * to as well. */
struct grant_table {
    struct spinlock lock;
    uint32_t nr_entries;
    bool closed; /* the owner has ended: nobody takes more. Changes under the
                    memory lock, too */
    struct parapet_grant_entry *entries[PARAPET_MAX_GRANT_FRAMES];
    struct grant_record *records[PARAPET_MAX_GRANT_FRAMES];
};

/* ---- what it has of others ---- */

enum grant_kind {
    GRANT_FREE,
    GRANT_MAP,
    GRANT_HOLD,
    GRANT_UNMAPPED, /* within grant_unmap(): not in a page table any more */
};

struct grant_mapping {
    uint8_t kind; /* enum grant_kind */
    bool writable;
    uint16_t reserved;
    uint32_t mfn;
    uint32_t lender; /* whose id */
    uint32_t ref;
    union {
        uint64_t pte;               /* of MAP: machine address of its entry */
        struct grant_mapping *next; /* of FREE; NULL: the last */
    };
    uint32_t handle; /* its number, always */
    uint32_t reserved2;
};

#define GRANT_MAPPINGS_PER_FRAME (4096 / sizeof(struct grant_mapping))
#define GRANT_HANDLE_FRAMES (PARAPET_MAX_HANDLES / GRANT_MAPPINGS_PER_FRAME)
_Static_assert(GRANT_MAPPINGS_PER_FRAME == 128, "a power of two");

/* All of it changes under the memory lock. Frames are made when they are
 * needed, and stay until the owner's end. */
struct grant_handles {
    struct grant_mapping *free;
    uint32_t nr_used;
    uint32_t nr_frames;
    struct grant_mapping *frames[GRANT_HANDLE_FRAMES];
};

#endif

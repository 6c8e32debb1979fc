/* SPDX-License-Identifier: MIT
 *
 * What a memory owner has for grants: what it lends (mm/grant.h), and what it
 * has of others (mm/grant_handle.h). For struct memory_owner (mm/type.h).
 */
#ifndef HYPERVISOR_MM_GRANT_STATE_H
#define HYPERVISOR_MM_GRANT_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/grant.h"
#include "hypervisor/base/spinlock.h"

/* ---- what it lends ---- */

/* struct parapet_grant_entry, whose first three change as one. */
struct grant_entry {
    uint64_t word;  /* flags, and the domain above them; atomic */
    uint64_t frame; /* the guest's */
};

#define GRANT_DOMAIN_SHIFT 32
_Static_assert(sizeof(struct grant_entry) ==
                       sizeof(struct parapet_grant_entry) &&
                   offsetof(struct parapet_grant_entry, flags) == 0 &&
                   offsetof(struct parapet_grant_entry, domain) * 8 ==
                       GRANT_DOMAIN_SHIFT &&
                   offsetof(struct parapet_grant_entry, frame) ==
                       offsetof(struct grant_entry, frame),
               "an entry in two words");

/*
 * Of an entry: how often it is in use. Not the guest's: whatever the guest
 * writes into its table, the frame and who has it stay. While one of the two
 * counts is not 0, the frame has readers plain references and writers writable
 * ones by this record.
 */
struct grant_record {
    uint32_t mfn;
    uint32_t domain; /* whose id; it alone has it meanwhile */
    union {
        struct {
            uint32_t readers;
            uint32_t writers;
        };
        uint64_t uses; /* both counts */
    };
};

#define GRANT_READER 1ul /* of uses */
#define GRANT_WRITER (1ul << 32)

#define GRANT_RECORDS_PER_FRAME (4096 / sizeof(struct grant_record))
_Static_assert(GRANT_RECORDS_PER_FRAME == PARAPET_GRANTS_PER_FRAME,
               "a frame of records for each frame of the table");

/* All of it changes under the lock, but for the entries, which the guest writes
 * to as well. */
struct grant_table {
    struct spinlock lock;
    uint32_t nr_entries;
    bool closed; /* the owner has ended: nobody takes more */
    struct grant_entry *entries[PARAPET_MAX_GRANT_FRAMES];
    struct grant_record *records[PARAPET_MAX_GRANT_FRAMES];
};

/* ---- what it has of others ---- */

enum grant_kind {
    GRANT_FREE,
    GRANT_MAP,
    GRANT_HOLD,
    GRANT_RUN,      /* the first of several holds with one handle */
    GRANT_IN_RUN,   /* the others, in their order */
    GRANT_UNMAPPED, /* within grant_unmap(): not in a page table any more */
};

struct grant_mapping {
    union {
        struct {
            uint32_t lender; /* whose id */
            uint32_t ref;
        };
        uint64_t who; /* both, as in the elements of the calls */
    };
    union {
        struct {
            uint8_t kind; /* enum grant_kind */
            bool writable;
            uint16_t reserved;
        };
        uint32_t how; /* all of these, as grant_how() makes it; 0: FREE */
    };
    uint32_t mfn;
    union {
        uint64_t pte;               /* of MAP: machine address of its entry */
        struct grant_mapping *next; /* of FREE; NULL: the last. And of a run,
                                       whose last one's says nothing */
    };
    uint32_t handle; /* its number, always */
    uint32_t nr;     /* of RUN: how many there are, with it */
};

static inline uint32_t grant_how(enum grant_kind kind, bool writable)
{
    return (uint32_t)kind | (uint32_t)writable << 8;
}

#define GRANT_MAPPINGS_PER_FRAME (4096 / sizeof(struct grant_mapping))
#define GRANT_HANDLE_FRAMES (PARAPET_MAX_HANDLES / GRANT_MAPPINGS_PER_FRAME)
_Static_assert(GRANT_MAPPINGS_PER_FRAME == 128, "a power of two");

/* All of it changes under the memory lock. Frames are made when they are
 * needed, and stay until the owner's end. */
struct grant_handles {
    struct grant_mapping *free;
    uint32_t nr_used;
    uint32_t nr_frames;
    uint32_t next; /* the handle to come next in the owner's end */
    struct grant_mapping *frames[GRANT_HANDLE_FRAMES];
};

#endif

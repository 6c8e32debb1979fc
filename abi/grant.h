/* SPDX-License-Identifier: MIT
 *
 * Grants: frames that a domain lends to another. The table of what it lends,
 * which it and the hypervisor see, and what the calls of who borrows take.
 *
 * Entry `ref` of a domain's table is entry ref % PARAPET_GRANTS_PER_FRAME of
 * frame ref / PARAPET_GRANTS_PER_FRAME. The first frame is there from the
 * start, at PARAPET_GRANT_TABLE; the others the domain gives by grant_grow(),
 * and maps as it likes. Zeros lend nothing.
 */
#ifndef ABI_GRANT_H
#define ABI_GRANT_H

#include <stdint.h>

#include "abi/event.h"
#include "abi/shared.h"

/* parapet_grant_entry.flags. The first two are the lender's to set. */
#define PARAPET_GRANT_LEND 0x1     /* lent to .domain */
#define PARAPET_GRANT_READONLY 0x2 /* to read only */
#define PARAPET_GRANT_READING 0x8  /* hypervisor: in use */
#define PARAPET_GRANT_WRITING 0x10 /* hypervisor: in use for writing, too */

/*
 * One entry. To lend: write frame, then the other three as one word of 64 bits,
 * when all of it was zero. To take back: a compare-and-exchange of that word to
 * zero, which succeeds when neither of the hypervisor's bits is set. While one
 * of them is, the hypervisor goes on with the frame that it has read, and the
 * frame's page must not be used for anything else.
 */
struct parapet_grant_entry {
    uint16_t flags;  /* PARAPET_GRANT_*; both sides, atomically */
    uint16_t zero;   /* 0 */
    uint32_t domain; /* lender writes: the id of who may use it */
    uint64_t frame;  /* lender writes: a machine frame of its own */
};

/*
 * What a domain lends from its start, if the control domain has made it so: its
 * bus and its console, to the control domain. See parapet_shared_page.bus_gfn.
 */
#define PARAPET_GRANT_BUS 0
#define PARAPET_GRANT_CONSOLE 1

#define PARAPET_GRANTS_PER_FRAME 256
#define PARAPET_MAX_GRANT_FRAMES 32    /* of one domain's table */
#define PARAPET_MAX_GRANT_ELEMENTS 512 /* in one call */
#define PARAPET_MAX_GRANT_RUN 40       /* entries in one element of a call */
#define PARAPET_MAX_HANDLES 8192       /* of one domain: mappings and holds */

/*
 * The elements of the calls. status is the hypervisor's to write: 0, or -errno
 * of this element; so is what stands after it.
 */

/* grant_map: another domain's frame into a page table of the caller's. */
struct parapet_grant_map {
    uint32_t domain;
    uint32_t ref;
    uint64_t pte;  /* machine address of an empty entry of a level-1 table */
    uint64_t bits; /* of PARAPET_PTE_W, _U, _A, _D, _SOFT and _NX */
    int32_t status;
    uint32_t handle; /* for grant_unmap() */
};

/* grant_unmap, grant_release */
struct parapet_grant_unmap {
    uint32_t handle;
    int32_t status;
};

/* grant_hold: a frame without a mapping, for who gives it to a device. */
struct parapet_grant_hold {
    uint32_t domain;
    uint32_t ref;
    uint32_t flags; /* PARAPET_GRANT_READONLY or 0 */
    int32_t status;
    uint32_t handle; /* for grant_release() */
    uint32_t reserved;
    uint64_t maddr; /* of the frame */
};

/*
 * grant_hold_run: the frames of entries in a row, all of them or none, by one
 * handle. Each counts as a handle of the domain's all the same.
 */
struct parapet_grant_run {
    uint32_t domain;
    uint32_t ref;    /* of the first */
    uint32_t flags;  /* PARAPET_GRANT_READONLY or 0, for all of them */
    uint32_t nr;     /* from 1 to PARAPET_MAX_GRANT_RUN */
    uint64_t maddrs; /* address of nr words of 64 bits: the hypervisor writes
                        the machine address of each frame */
    int32_t status;
    uint32_t handle; /* for grant_release(), which lets all of them go */
};

/* grant_copy: one of its two ends. */
struct parapet_grant_end {
    uint32_t domain; /* PARAPET_DOMAIN_SELF: a frame of the caller's own */
    uint32_t ref;    /* not used for an own frame */
    uint64_t at;     /* the offset in the frame; of an own one the machine
                        address */
};

struct parapet_grant_copy {
    struct parapet_grant_end source;
    struct parapet_grant_end dest;
    uint32_t length; /* in bytes, within one frame at each end */
    int32_t status;
};

/* grant_status: an entry of the caller's, and its numbers. */
struct parapet_grant_status {
    uint32_t nr_frames; /* that its table has */
    uint32_t max_frames;
    uint32_t nr_handles; /* that it has of others: mappings and holds */
    uint32_t max_handles;
    uint64_t frame;   /* of the entry while it is in use, or 0 */
    uint32_t readers; /* how often it is in use only to read, */
    uint32_t writers; /* and to write */
};

PARAPET_ASSERT_OFFSET(parapet_grant_entry, domain, 4);
PARAPET_ASSERT_SIZE(parapet_grant_entry, 16);
_Static_assert(PARAPET_GRANTS_PER_FRAME * sizeof(struct parapet_grant_entry) ==
                   4096,
               "the entries fill a frame");
PARAPET_ASSERT_OFFSET(parapet_grant_map, bits, 16);
PARAPET_ASSERT_OFFSET(parapet_grant_map, handle, 28);
PARAPET_ASSERT_SIZE(parapet_grant_map, 32);
PARAPET_ASSERT_SIZE(parapet_grant_unmap, 8);
PARAPET_ASSERT_OFFSET(parapet_grant_hold, status, 12);
PARAPET_ASSERT_OFFSET(parapet_grant_hold, maddr, 24);
PARAPET_ASSERT_SIZE(parapet_grant_hold, 32);
PARAPET_ASSERT_OFFSET(parapet_grant_run, maddrs, 16);
PARAPET_ASSERT_OFFSET(parapet_grant_run, status, 24);
PARAPET_ASSERT_SIZE(parapet_grant_run, 32);
PARAPET_ASSERT_SIZE(parapet_grant_end, 16);
PARAPET_ASSERT_OFFSET(parapet_grant_copy, length, 32);
PARAPET_ASSERT_SIZE(parapet_grant_copy, 40);
PARAPET_ASSERT_OFFSET(parapet_grant_status, frame, 16);
PARAPET_ASSERT_SIZE(parapet_grant_status, 32);

#endif

/* SPDX-License-Identifier: MIT
 *
 * What the calls of domain control take and tell: for the control domain alone.
 * docs/ABI.md, section 11, is the prose. All padding is 0.
 */
#ifndef ABI_DOMAIN_H
#define ABI_DOMAIN_H

#include <stddef.h>
#include <stdint.h>

#include "abi/shared.h"

#define PARAPET_NAME_SIZE 32   /* of a domain, with the 0 at its end */
#define PARAPET_ENGINE_SIZE 16 /* of an engine's name, the same */

/* parapet_domain_info.state */
#define PARAPET_DOMAIN_BUILDING 0 /* nothing of it has run */
#define PARAPET_DOMAIN_PAUSED 1
#define PARAPET_DOMAIN_RUNNING 2
#define PARAPET_DOMAIN_ENDED 3 /* until it is destroyed */

/* parapet_domain_create.weight; what a domain has if it is not said. */
#define PARAPET_MAX_WEIGHT 65535
#define PARAPET_DEFAULT_WEIGHT 256

/* No gfn is as large: the guest's direct map would not hold it. */
#define PARAPET_MAX_GFNS ((PARAPET_SHARED_BASE - PARAPET_DIRECT_MAP) / 0x1000)

/*
 * Frames that whoever makes a domain lets it have beyond those that it begins
 * with: what it borrows from others, and a grant table that grows, take frames
 * that count as its own (parapet_memory_limits.nr_charged).
 */
#define PARAPET_GRANT_RESERVE 16

/* domain_create: what the domain is to be. */
struct parapet_domain_create {
    char name[PARAPET_NAME_SIZE]; /* 1 to 31 graphic characters of ASCII, and
                                     zeros; no other domain's */
    char engine[PARAPET_ENGINE_SIZE]; /* its name, and zeros */
    uint64_t max_frames;              /* that it may have, all told: 2.. */
    uint64_t nr_gfns;    /* gfns are below this: 2..PARAPET_MAX_GFNS */
    uint64_t shared_gfn; /* where its shared page is to be */
    uint64_t shared_mfn; /* hypervisor writes: the frame of that page */
    uint64_t grant_gfn;  /* where the first frame of its grant table is to be:
                            another gfn */
    uint64_t grant_mfn;  /* hypervisor writes: that frame */
    uint32_t nr_vcpus;   /* 1..PARAPET_MAX_VCPUS */
    uint32_t weight;     /* 1..PARAPET_MAX_WEIGHT */
    uint32_t cap;        /* percent of one CPU, up to 100 for each vCPU; 0: no
                            cap */
    uint32_t reserved;   /* 0 */
};

/* domain_vcpu_create: the frames of a vCPU's pages, in the order of the gfns.
 * All are zeros, but for the first. */
struct parapet_vcpu_frames {
    uint64_t page;       /* PARAPET_VCPU_PAGE */
    uint64_t counters;   /* PARAPET_COUNTERS_PAGE; read only for the guest */
    uint64_t latency[5]; /* PARAPET_LATENCY; read only, too */
};

/* domain_vcpu_start: how a vCPU begins. */
struct parapet_vcpu_start {
    uint64_t entry;    /* a guest virtual address */
    uint64_t stack;    /* rsp */
    uint64_t argument; /* rdi */
    uint64_t root_mfn; /* its kernel root: checked, and pinned */
};

/* domain_info, domain_list. */
struct parapet_domain_info {
    char name[PARAPET_NAME_SIZE];
    char engine[PARAPET_ENGINE_SIZE];
    uint32_t id;
    uint32_t state;      /* PARAPET_DOMAIN_* */
    uint32_t end_reason; /* PARAPET_SHUTDOWN_*, when it has ended; else 0 */
    uint32_t privileged; /* 1: the control domain */
    uint32_t nr_vcpus;   /* that there are */
    uint32_t max_vcpus;  /* that it is to have */
    uint32_t weight;
    uint32_t cap;
    uint64_t nr_frames; /* these as in parapet_memory_limits */
    uint64_t max_frames;
    uint64_t nr_gfns;
    uint64_t memory_target; /* these as in parapet_shared_page, */
    uint32_t request;       /* as the guest has left them */
    uint32_t nr_charged;    /* as in parapet_memory_limits */
    uint64_t shared_gfn;    /* as in parapet_domain_create: lib/builder's memory
                               ends there */
};

/* The most that one domain_list tells. */
#define PARAPET_MAX_INFOS 32

/* domain_counters: which page of the vCPU. */
#define PARAPET_PART_COUNTERS 0
#define PARAPET_PART_LATENCY 1 /* up to 5: struct parapet_latency's pages */
#define PARAPET_NR_PARTS 6

/* machine_info. */
struct parapet_machine_info {
    uint64_t nr_frames;   /* that there are to be given out */
    uint64_t free_frames; /* that nobody has; changes at any time */
    uint64_t nr_mfns;     /* machine frame numbers are below this */
    uint32_t nr_domains;  /* that there are, those that have ended as well */
    uint32_t max_domains;
};

PARAPET_ASSERT_OFFSET(parapet_domain_create, engine, 32);
PARAPET_ASSERT_OFFSET(parapet_domain_create, max_frames, 48);
PARAPET_ASSERT_OFFSET(parapet_domain_create, shared_gfn, 64);
PARAPET_ASSERT_OFFSET(parapet_domain_create, grant_gfn, 80);
PARAPET_ASSERT_OFFSET(parapet_domain_create, nr_vcpus, 96);
PARAPET_ASSERT_OFFSET(parapet_domain_create, cap, 104);
PARAPET_ASSERT_SIZE(parapet_domain_create, 112);
PARAPET_ASSERT_OFFSET(parapet_vcpu_frames, latency, 16);
PARAPET_ASSERT_SIZE(parapet_vcpu_frames, 56);
_Static_assert(sizeof(((struct parapet_vcpu_frames *)0)->latency) / 8 ==
                   (sizeof(struct parapet_latency) + 4095) / 4096,
               "there is a frame for each page");
PARAPET_ASSERT_OFFSET(parapet_vcpu_start, root_mfn, 24);
PARAPET_ASSERT_SIZE(parapet_vcpu_start, 32);
PARAPET_ASSERT_OFFSET(parapet_domain_info, id, 48);
PARAPET_ASSERT_OFFSET(parapet_domain_info, nr_frames, 80);
PARAPET_ASSERT_OFFSET(parapet_domain_info, memory_target, 104);
PARAPET_ASSERT_OFFSET(parapet_domain_info, shared_gfn, 120);
PARAPET_ASSERT_SIZE(parapet_domain_info, 128);
PARAPET_ASSERT_OFFSET(parapet_machine_info, nr_mfns, 16);
PARAPET_ASSERT_OFFSET(parapet_machine_info, nr_domains, 24);
PARAPET_ASSERT_SIZE(parapet_machine_info, 32);

#endif

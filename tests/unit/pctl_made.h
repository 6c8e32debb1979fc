/* SPDX-License-Identifier: MIT
 *
 * The calls by which pctl makes a domain, on the machine of pctl_fake.h: its
 * frames are kept, and compared with those of the same domain in the host's
 * memory (tests/fuzz/built.h).
 */
#ifndef TESTS_UNIT_PCTL_MADE_H
#define TESTS_UNIT_PCTL_MADE_H

#include "tests/fuzz/built.h"
#include "tests/unit/pctl_fake.h"

#define MADE_ID 7
#define MADE_MAX_FRAMES 8192

struct made {
    struct parapet_domain_create params;
    uint64_t nr_frames;
    uint64_t gfns[MADE_MAX_FRAMES];
    uint8_t bytes[MADE_MAX_FRAMES][BUILT_PAGE];
    uint64_t hypercall_mfn;
    uint32_t nr_ports;
    struct parapet_vcpu_start start;
    uint32_t affinity[PARAPET_MAX_VCPUS];
};

extern struct made made;

/* The machine can make one domain; expected is what it is to be. */
void made_init(struct fake *f, const struct built *expected);

/* struct fake's build(). */
int64_t made_build(struct fake *f, struct parapet_control_call *call);

/* It is, bit for bit. */
void made_check(void);

#endif

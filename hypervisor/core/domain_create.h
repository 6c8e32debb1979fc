/* SPDX-License-Identifier: MIT
 *
 * How domains and their vCPUs are made, and how they are freed.
 */
#ifndef HYPERVISOR_CORE_DOMAIN_CREATE_H
#define HYPERVISOR_CORE_DOMAIN_CREATE_H

#include <stdbool.h>
#include <stdint.h>

#include "hypervisor/core/domain.h"
#include "hypervisor/mm/frame.h"

struct domain_settings {
    const char *name;
    const struct engine *engine;
    bool control;
    unsigned int nr_vcpus;
    struct domain_memory memory;
    uint32_t weight;
    uint32_t cap;
};

/*
 * A domain with its shared page and its grant table, and no vCPU and no other
 * memory yet; it is in the list. 0, -EEXIST (there is one with this name, or a
 * control domain), -ENOSPC (there are MAX_DOMAINS) or -ENOMEM, with nothing
 * done.
 */
int domain_create(const struct domain_settings *settings, struct domain **made);

/* The pages that a vCPU shares with its domain, one after the other: its page,
 * its counters, and its latency histograms. */
#define VCPU_PAGES (2 + LATENCY_PAGES)

/*
 * Makes the next vCPU, down, and gives the domain its pages, from gfn on; their
 * frames are in mfns. The scheduler gives it a CPU. 0, -ENOSPC (it has all, or
 * no CPU has room), -EBUSY (it is not being built) or -ENOMEM, with nothing
 * done. Its memory lock is held, or nobody else knows the domain.
 */
int domain_vcpu_create(struct domain *d, uint64_t gfn, mfn_t mfns[VCPU_PAGES]);

/*
 * Frees what nobody else knows any more of a domain that was unlinked, and the
 * frames that the hypervisor itself wrote to: first its vCPUs and what it has
 * for grants, a share at a time (true: all of that is gone), and in the end the
 * domain, whose place is free then.
 */
bool domain_free_share(struct domain *d);
void domain_free(struct domain *d);

#endif

/* SPDX-License-Identifier: MIT
 *
 * What the calls of domain control have in common: how a target is found, and
 * how its memory is locked. Each is made by the control domain's vCPU that runs
 * here. The target may end, and be gone, at any time: the pointer is good until
 * the call returns (domain_find()), and its state is looked at under a lock.
 */
#ifndef HYPERVISOR_CORE_HC_DOMAIN_H
#define HYPERVISOR_CORE_HC_DOMAIN_H

#include <stdint.h>

#include "abi/errors.h"
#include "hypervisor/core/domain.h"

/* In which states of the target a call makes sense. */
enum hc_domain_when {
    WHEN_BUILDING, /* nothing of it has run: until the lock is given back */
    WHEN_LIVING,   /* it has not ended, when it was looked at */
    WHEN_THERE,
};

/* 0, or -ENOENT: there is no such domain. */
static inline int64_t hc_domain_find(uint32_t id, struct domain **d)
{
    *d = domain_find(id);
    return *d ? 0 : -PARAPET_ENOENT;
}

/* The same of one that is not the caller: else -EINVAL. */
static inline int64_t hc_domain_find_other(uint32_t id, struct domain **d)
{
    int64_t result = hc_domain_find(id, d);

    return !result && (*d)->control ? -PARAPET_EINVAL : result;
}

/*
 * Takes the target's memory lock, with a share of work. 0, or without the lock
 * what the call is to return: -EBUSY when its state is another, -ERESTART.
 */
int64_t hc_domain_lock(struct domain *d, enum hc_domain_when when);

/*
 * The same for what may change the target's memory: its tables that are to be
 * let go are let go first, and as long as there are any it is -ERESTART. The
 * target can see to it that there are always some, while it runs.
 */
int64_t hc_domain_memory_begin(struct domain *d, enum hc_domain_when when);

/* Gives it back, and passes the result on. done: what is finished of an array
 * if the result is an error. */
int64_t hc_domain_memory_end(struct domain *d, int64_t result, uint64_t done);

#endif

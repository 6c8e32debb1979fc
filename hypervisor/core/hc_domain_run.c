/* SPDX-License-Identifier: MIT
 *
 * Domain control: the vCPUs of another domain, its start, and its end.
 */
#include "abi/domain.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/hc_domain.h"
#include "hypervisor/core/hypercall.h"
#include "hypervisor/core/memory.h"
#include "hypervisor/mm/work.h"

_Static_assert(sizeof(struct parapet_vcpu_frames) == 8 * VCPU_PAGES,
               "there is a frame for each page");

/* The memory lock is held, and the domain is being built. */
static int64_t create_vcpu(struct domain *d, uint32_t vcpu, uint64_t gfn,
                           uint64_t frames)
{
    struct memory_owner *m = &d->memory;
    mfn_t mfns[VCPU_PAGES] = {0};
    int64_t result;

    if (vcpu >= d->max_vcpus)
        return -PARAPET_ENOENT;
    if (vcpu < d->nr_vcpus)
        return -PARAPET_EEXIST;
    if (vcpu > d->nr_vcpus || gfn > m->nr_gfns || m->nr_gfns - gfn < VCPU_PAGES)
        return -PARAPET_EINVAL;
    if (m->nr_frames + VCPU_PAGES > m->max_frames)
        return -PARAPET_ENOSPC;
    /* A look whether they can be told. */
    if (copy_to_guest(frames, mfns, sizeof(mfns)))
        return -PARAPET_EFAULT;
    result = domain_vcpu_create(d, gfn, mfns);
    if (result == 0 && copy_to_guest(frames, mfns, sizeof(mfns)))
        result = -PARAPET_EFAULT;
    return result;
}

/*
 * domain_vcpu_create: the vCPU is down; its pages are the domain's gfns from
 * gfn on. EFAULT: frames cannot be written. EINVAL: it is not the next one, a
 * gfn is not below nr_gfns, or it is the caller. ENOENT: no such domain, or it
 * is not to have that vCPU. EEXIST: it has it. EBUSY: it is not being built.
 * ENOMEM: the machine has no memory for it. ENOSPC: the domain may not have so
 * many frames. ERESTART: call again, nothing was done.
 */
int64_t hc_domain_vcpu_create(uint32_t domain, uint32_t vcpu, uint64_t gfn,
                              uint64_t frames)
{
    struct domain *d;
    int64_t result = hc_domain_find_other(domain, &d);

    if (!result)
        result = hc_domain_memory_begin(d, WHEN_BUILDING);
    if (result)
        return result;
    return hc_domain_memory_end(d, create_vcpu(d, vcpu, gfn, frames), 0);
}

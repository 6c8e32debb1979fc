/* SPDX-License-Identifier: MIT
 *
 * Domain control: the vCPUs of another domain, its start, and its end.
 */
#include "abi/domain.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/domain_create.h"
#include "hypervisor/core/domain_destroy.h"
#include "hypervisor/core/domain_life.h"
#include "hypervisor/core/engine.h"
#include "hypervisor/core/event_port.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/hc_domain.h"
#include "hypervisor/core/hypercall.h"
#include "hypervisor/core/memory.h"
#include "hypervisor/core/schedule.h"
#include "hypervisor/mm/frame.h"
#include "hypervisor/mm/type.h"
#include "hypervisor/mm/work.h"

_Static_assert(sizeof(struct parapet_vcpu_frames) == 8 * VCPU_PAGES,
               "there is a frame for each page");

/* The entries of a page, and the frame's type. */
#define WORK_HYPERCALL_PAGE (WORK_CALL / 2)

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
    if (!owner_may_have(m, VCPU_PAGES))
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
 * many frames, or no CPU has room for its timer. ERESTART: call again, nothing
 * was done.
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

/*
 * domain_hypercall_page: the frame, of a domain that is being built, has the
 * entries that its engine wants (abi/note.h). EINVAL: it is the caller. ENOENT:
 * no such domain. EPERM, EBUSY, ENOSPC, ERESTART: see domain_copy_to; EBUSY:
 * also, it is not being built.
 */
int64_t hc_domain_hypercall_page(uint32_t domain, uint64_t mfn)
{
    struct domain *d;
    int64_t result = hc_domain_find_other(domain, &d);

    if (!result)
        result = hc_domain_memory_begin(d, WHEN_BUILDING);
    if (result)
        return result;
    result = -PARAPET_ERESTART;
    if (work_take(&d->memory.work, WORK_HYPERCALL_PAGE))
        result = type_get_writable(&d->memory, mfn);
    if (result == 0) {
        d->engine->hypercall_page(frame_vaddr(mfn));
        type_put_writable(mfn);
    }
    return hc_domain_memory_end(d, result, 0);
}

/*
 * domain_vcpu_start: a vCPU of a domain that is being built begins there, and
 * the domain's others on the same root. EFAULT: start
 * cannot be read. EINVAL: not all vCPUs are made, entry is not the guest's to
 * execute, the root or a
 * table below it has an entry that it must not have (failed_entry), or it is
 * the caller. ENOENT: no such domain or vCPU. EPERM: a frame is not the
 * domain's. EBUSY: one is in use as something else, or it is not being built.
 * ENOSPC: one has too many references. ERESTART: call again.
 */
int64_t hc_domain_vcpu_start(uint32_t domain, uint32_t vcpu, uint64_t start)
{
    struct parapet_vcpu_start s;
    struct domain *d;
    int64_t result = hc_domain_find_other(domain, &d);

    if (!result && copy_from_guest(&s, start, sizeof(s)))
        result = -PARAPET_EFAULT;
    if (!result)
        result = hc_domain_memory_begin(d, WHEN_BUILDING);
    if (result)
        return result;
    result = -PARAPET_ENOENT;
    if (vcpu < d->nr_vcpus)
        result = d->engine->vcpu_set_start(d->vcpus[vcpu], s.entry, s.stack,
                                           s.argument, s.root_mfn);
    if (result == 0 && vcpu == 0)
        d->startable = true;
    return hc_domain_memory_end(d, result, 0);
}

/*
 * domain_alloc_unbound: a port of a domain that is being built, for its vCPU 0,
 * which the remote domain can bind. ENOENT: there is no such domain, no such
 * remote, or no vCPU 0 yet. EBUSY: it is not being built. EINVAL: it is the
 * caller. ENOMEM: the machine has no memory for it. ENOSPC: all ports are in
 * use. ERESTART: call again, nothing was done.
 */
int64_t hc_domain_alloc_unbound(uint32_t domain, uint32_t remote)
{
    struct domain *d;
    int64_t result = hc_domain_find_other(domain, &d);

    if (!result)
        result = hc_domain_memory_begin(d, WHEN_BUILDING);
    if (result)
        return result;
    return hc_domain_memory_end(d, event_alloc_unbound(d, remote), 0);
}

/* ---- whether it runs: one call at a time, by the memory lock ---- */

/* All of its vCPUs are off their CPUs, which are told if they are not. */
static bool stop(struct domain *d)
{
    unsigned int nr_vcpus = __atomic_load_n(&d->nr_vcpus, __ATOMIC_ACQUIRE);
    bool off = true;

    for (unsigned int i = 0; i < nr_vcpus; i++) {
        sched_pause(d->vcpus[i]);
        off &= sched_is_off(d->vcpus[i]);
    }
    return off;
}

static void go_on(struct domain *d)
{
    unsigned int nr_vcpus = __atomic_load_n(&d->nr_vcpus, __ATOMIC_ACQUIRE);

    for (unsigned int i = 0; i < nr_vcpus; i++)
        sched_unpause(d->vcpus[i]);
}

static bool is_paused(const struct domain *d)
{
    return __atomic_load_n(&d->state, __ATOMIC_SEQ_CST) == DOMAIN_PAUSED;
}

/*
 * domain_pause: none of its vCPUs runs until domain_unpause, and all that they
 * have is saved. Events are not lost. EINVAL: it is the caller. ENOENT: no such
 * domain. EBUSY: it is being built, or has ended. ERESTART: one is still on its
 * way out of its CPU; call again.
 */
int64_t hc_domain_pause(uint32_t domain)
{
    struct domain *d;
    int64_t result = hc_domain_find_other(domain, &d);

    if (!result)
        result = hc_domain_lock(d, WHEN_LIVING);
    if (result)
        return result;
    if (!domain_change_state(d, DOMAIN_RUNNING, DOMAIN_PAUSED) && !is_paused(d))
        result = -PARAPET_EBUSY;
    else if (!stop(d))
        result = -PARAPET_ERESTART;
    return hc_domain_memory_end(d, result, 0);
}

/*
 * domain_unpause: a domain that is built begins to run, one that was paused
 * runs on. EINVAL: it has not been told where its first vCPU begins, or it is
 * the caller. ENOENT: no such domain. EBUSY: it runs, or has ended. ERESTART:
 * call again, nothing was done.
 */
int64_t hc_domain_unpause(uint32_t domain)
{
    struct domain *d;
    int64_t result = hc_domain_find_other(domain, &d);

    if (!result)
        result = hc_domain_lock(d, WHEN_LIVING);
    if (result)
        return result;
    if (domain_change_state(d, DOMAIN_PAUSED, DOMAIN_RUNNING))
        go_on(d);
    else if (d->state == DOMAIN_BUILDING && !d->startable)
        result = -PARAPET_EINVAL;
    else if (!domain_start(d))
        result = -PARAPET_EBUSY;
    return hc_domain_memory_end(d, result, 0);
}

/*
 * domain_destroy: the domain ends, if it has not, and when this returns 0 all
 * that it had is the machine's again. EINVAL: it is the caller. ENOENT: there
 * is no such domain, or no longer. ERESTART: call again; meanwhile it is there,
 * less and less of it, until it is not found.
 */
int64_t hc_domain_destroy(uint32_t domain)
{
    struct domain *d;
    int64_t result = hc_domain_find_other(domain, &d);

    /* One that is not found may still be on its way out. */
    if (result == 0 || result == -PARAPET_ENOENT)
        result = domain_destroy(domain);
    return result == -PARAPET_ERESTART ? hypercall_again(vcpu_current())
                                       : result;
}

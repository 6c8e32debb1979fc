/* SPDX-License-Identifier: MIT
 *
 * Domain control: what a domain is called, and what it may have. Only the
 * control domain gets here (HC_CONTROL).
 */
#include "abi/domain.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/domain_create.h"
#include "hypervisor/core/domain_end.h"
#include "hypervisor/core/domain_life.h"
#include "hypervisor/core/engine.h"
#include "hypervisor/core/event.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/hc_domain.h"
#include "hypervisor/core/hypercall.h"
#include "hypervisor/core/schedule.h"

_Static_assert(sizeof(((struct domain *)0)->name) == PARAPET_NAME_SIZE,
               "names are as long");

/* A text that ends within its size, and after it zeros. */
static bool is_text(const char *text, size_t size)
{
    size_t length = 0;

    while (length < size && text[length])
        length++;
    if (length == 0 || length == size)
        return false;
    while (length < size && !text[length])
        length++;
    return length == size;
}

/* A name that the log can show. */
static bool is_name(const char name[PARAPET_NAME_SIZE])
{
    if (!is_text(name, PARAPET_NAME_SIZE))
        return false;
    for (const char *p = name; *p; p++)
        if (*p <= ' ' || *p > '~')
            return false;
    return true;
}

static bool is_share(uint32_t weight, uint32_t cap, uint32_t nr_vcpus)
{
    return weight >= 1 && weight <= PARAPET_MAX_WEIGHT && cap <= 100 * nr_vcpus;
}

/* All but the engine. */
static bool is_good(const struct parapet_domain_create *p)
{
    return is_name(p->name) && is_text(p->engine, sizeof(p->engine)) &&
           p->nr_vcpus >= 1 && p->nr_vcpus <= PARAPET_MAX_VCPUS &&
           is_share(p->weight, p->cap, p->nr_vcpus) && p->max_frames >= 2 &&
           p->nr_gfns <= PARAPET_MAX_GFNS && p->shared_gfn < p->nr_gfns &&
           p->grant_gfn < p->nr_gfns && p->grant_gfn != p->shared_gfn &&
           p->reserved == 0;
}

static int64_t create(struct parapet_domain_create *p, struct domain **d)
{
    struct domain_settings settings = {
        .name = p->name,
        .engine = engine_find(p->engine),
        .nr_vcpus = p->nr_vcpus,
        .memory = {.nr_gfns = p->nr_gfns,
                   .max_frames = p->max_frames,
                   .shared_gfn = p->shared_gfn,
                   .grant_gfn = p->grant_gfn},
        .weight = p->weight,
        .cap = p->cap,
    };
    int result;

    if (!settings.engine)
        return -PARAPET_EINVAL;
    result = domain_create(&settings, d);
    if (result)
        return result;
    p->shared_mfn = frame_of((*d)->shared);
    p->grant_mfn = frame_of((*d)->memory.grants.entries[0]);
    domain_tell_control();
    return 0;
}

/*
 * domain_create: the domain has its shared page and the first frame of its
 * grant table, and nothing else yet; returns its id. EFAULT: params cannot be
 * read, or not be written. EINVAL: something is not as struct
 * parapet_domain_create says. EEXIST: another domain has the name. ENOMEM: the
 * machine has no memory for it. ENOSPC: there are as many domains as there can
 * be.
 */
int64_t hc_domain_create(uint64_t params)
{
    struct parapet_domain_create p;
    struct domain *d;
    int64_t result;

    /* The second is a look whether the frames can be told. */
    if (copy_from_guest(&p, params, sizeof(p)) ||
        copy_to_guest(params, &p, sizeof(p)))
        return -PARAPET_EFAULT;
    if (!is_good(&p))
        return -PARAPET_EINVAL;
    result = create(&p, &d);
    if (result)
        return result;
    if (copy_to_guest(params, &p, sizeof(p))) {
        /* Another vCPU has just unmapped it: nobody knows the domain. */
        domain_end(d, PARAPET_SHUTDOWN_DESTROYED);
        return -PARAPET_EFAULT;
    }
    return d->id;
}

/*
 * domain_rename: EFAULT: the name cannot be read. EINVAL: it is no name
 * (struct parapet_domain_create). EEXIST: another domain has it. ENOENT: no
 * such domain.
 */
int64_t hc_domain_rename(uint32_t domain, uint64_t name)
{
    char text[PARAPET_NAME_SIZE];
    struct domain *d;
    int64_t result = hc_domain_find(domain, &d);

    if (result)
        return result;
    if (copy_from_guest(text, name, sizeof(text)))
        return -PARAPET_EFAULT;
    return is_name(text) ? domain_rename(d, text) : -PARAPET_EINVAL;
}

static bool has_ended(const struct domain *d)
{
    return __atomic_load_n(&d->ended, __ATOMIC_SEQ_CST);
}

/*
 * domain_limits: the domain may have max_frames; fewer than it has takes none
 * from it. target is written to its shared page. ENOENT: no such domain. EBUSY:
 * it has ended.
 */
int64_t hc_domain_limits(uint32_t domain, uint64_t max_frames, uint64_t target)
{
    struct domain *d;
    int64_t result = hc_domain_find(domain, &d);

    if (result)
        return result;
    if (has_ended(d))
        return -PARAPET_EBUSY;
    __atomic_store_n(&d->memory.max_frames, max_frames, __ATOMIC_RELAXED);
    __atomic_store_n(&d->shared->memory_target, target, __ATOMIC_RELAXED);
    event_raise_virq(d, PARAPET_VIRQ_REQUEST);
    return 0;
}

/*
 * domain_schedule: weight and cap as in struct parapet_domain_create. EINVAL:
 * they are none. ENOENT: no such domain. EBUSY: it has ended.
 */
int64_t hc_domain_schedule(uint32_t domain, uint32_t weight, uint32_t cap)
{
    struct domain *d;
    int64_t result = hc_domain_find(domain, &d);

    if (result)
        return result;
    if (!is_share(weight, cap, d->max_vcpus))
        return -PARAPET_EINVAL;
    if (has_ended(d))
        return -PARAPET_EBUSY;
    sched_weigh(d, weight, cap);
    return 0;
}

/*
 * vcpu_affinity: the vCPU may run on the CPUs in mask, bit n for CPU n, and on
 * no other one, after this call or as soon as it has left its CPU. EINVAL: the
 * machine has none of them. ENOENT: no such domain or vCPU. EBUSY: it has
 * ended. ENOSPC: it is on another one, and none of these has room for it.
 */
int64_t hc_vcpu_affinity(uint32_t domain, uint32_t vcpu, uint32_t mask)
{
    struct domain *d;
    int64_t result = hc_domain_find(domain, &d);

    if (result)
        return result;
    if (vcpu >= __atomic_load_n(&d->nr_vcpus, __ATOMIC_ACQUIRE))
        return -PARAPET_ENOENT;
    return sched_set_affinity(d->vcpus[vcpu], mask);
}

/*
 * domain_request: PARAPET_REQUEST_* is written to the domain's shared page; 0
 * takes it back. EINVAL: no such request, or it is the caller. ENOENT: no such
 * domain. EBUSY: it has ended.
 */
int64_t hc_domain_request(uint32_t domain, uint32_t request)
{
    struct domain *d;
    int64_t result = hc_domain_find_other(domain, &d);

    if (result)
        return result;
    if (request > PARAPET_REQUEST_SUSPEND)
        return -PARAPET_EINVAL;
    if (has_ended(d))
        return -PARAPET_EBUSY;
    __atomic_store_n(&d->shared->request, request, __ATOMIC_RELAXED);
    event_raise_virq(d, PARAPET_VIRQ_REQUEST);
    return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * Domain control: what there is. Only the control domain gets here
 * (HC_CONTROL).
 */
#include "hypervisor/core/hc_domain.h"

#include "abi/domain.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/engine.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/hypercall.h"
#include "hypervisor/mm/frame.h"
#include "lib/macros.h"
#include "lib/string.h"

_Static_assert((int)DOMAIN_BUILDING == PARAPET_DOMAIN_BUILDING &&
                   (int)DOMAIN_PAUSED == PARAPET_DOMAIN_PAUSED &&
                   (int)DOMAIN_RUNNING == PARAPET_DOMAIN_RUNNING &&
                   (int)DOMAIN_ENDED == PARAPET_DOMAIN_ENDED,
               "the states are the ABI's");

static uint32_t nr_domains(void)
{
    const struct domain *d;
    uint32_t nr = 0;

    for_each_domain (d)
        nr++;
    return nr;
}

/* machine_info: EFAULT: info cannot be written. */
int64_t hc_machine_info(uint64_t info)
{
    struct parapet_machine_info i = {
        .nr_frames = frame_nr_total(),
        .free_frames = frame_nr_free(),
        .nr_mfns = nr_frame_infos,
        .nr_domains = nr_domains(),
        .max_domains = MAX_DOMAINS,
    };

    return copy_to_guest(info, &i, sizeof(i)) ? -PARAPET_EFAULT : 0;
}

/* Without a lock: each number is right, at some time. */
static int64_t tell(const struct domain *d, uint64_t info)
{
    struct parapet_domain_info i = {
        .id = d->id,
        .state = __atomic_load_n(&d->state, __ATOMIC_SEQ_CST),
        .privileged = d->control,
        .nr_vcpus = d->nr_vcpus,
        .max_vcpus = d->max_vcpus,
        .weight = d->weight,
        .cap = d->cap,
        .nr_frames = __atomic_load_n(&d->memory.nr_frames, __ATOMIC_RELAXED),
        .max_frames = __atomic_load_n(&d->memory.max_frames, __ATOMIC_RELAXED),
        .nr_gfns = d->memory.nr_gfns,
        .nr_charged = __atomic_load_n(&d->memory.nr_charged, __ATOMIC_RELAXED),
        .memory_target =
            __atomic_load_n(&d->shared->memory_target, __ATOMIC_RELAXED),
        .request = __atomic_load_n(&d->shared->request, __ATOMIC_RELAXED),
        .shared_gfn = d->shared_gfn,
    };

    if (i.state == PARAPET_DOMAIN_ENDED)
        i.end_reason = d->end_reason;
    memcpy(i.name, d->name, sizeof(i.name));
    (void)string_copy(i.engine, sizeof(i.engine), d->engine->name);
    return copy_to_guest(info, &i, sizeof(i)) ? -PARAPET_EFAULT : 0;
}

/* domain_info: EFAULT: info cannot be written. ENOENT: no such domain. */
int64_t hc_domain_info(uint32_t domain, uint64_t info)
{
    struct domain *d;
    int64_t result = hc_domain_find(domain, &d);

    return result ? result : tell(d, info);
}

/*
 * domain_list: writes what domain_info tells of the domains whose id is not
 * below first, in the order of their ids, at most nr_infos and at most
 * PARAPET_MAX_INFOS. Returns how many: less than was asked for, and there are
 * no more. EFAULT: infos cannot be written.
 */
int64_t hc_domain_list(uint32_t first, uint64_t infos, uint64_t nr_infos)
{
    uint64_t max = MIN(nr_infos, (uint64_t)PARAPET_MAX_INFOS);
    const struct domain *d;
    uint64_t nr = 0;

    for_each_domain (d) {
        if (d->id < first)
            continue;
        if (nr == max)
            break;
        if (tell(d, infos + nr * sizeof(struct parapet_domain_info)))
            return -PARAPET_EFAULT;
        nr++;
    }
    return (int64_t)nr;
}

/*
 * domain_counters: part is PARAPET_PART_*: a whole page. EFAULT: page cannot be
 * written. EINVAL: no such part. ENOENT: no such domain or vCPU.
 */
int64_t hc_domain_counters(uint32_t domain, uint32_t vcpu, uint32_t part,
                           uint64_t page)
{
    const struct vcpu *v;
    const uint8_t *from;
    struct domain *d;
    int64_t result = hc_domain_find(domain, &d);

    if (result)
        return result;
    if (part >= PARAPET_NR_PARTS)
        return -PARAPET_EINVAL;
    if (vcpu >= __atomic_load_n(&d->nr_vcpus, __ATOMIC_ACQUIRE))
        return -PARAPET_ENOENT;
    v = d->vcpus[vcpu];
    from = (const uint8_t *)v->counters;
    if (part != PARAPET_PART_COUNTERS)
        from = (const uint8_t *)v->latency_pages[part - PARAPET_PART_LATENCY];
    return copy_to_guest(page, from, PAGE_SIZE) ? -PARAPET_EFAULT : 0;
}

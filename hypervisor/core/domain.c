/* SPDX-License-Identifier: MIT
 *
 * Owns the list of domains, and how one begins.
 */
#include "hypervisor/core/domain.h"

#include "lib/macros.h"
#include "lib/string.h"

struct domain *domains[MAX_DOMAINS];
unsigned int nr_domains;

static void *alloc_pages(size_t size)
{
    mfn_t mfn = frame_alloc_run(ALIGN_UP(size, PAGE_SIZE) / PAGE_SIZE);

    return mfn == MFN_NONE ? NULL : frame_vaddr(mfn);
}

static struct vcpu *vcpu_create(struct domain *d, unsigned int id)
{
    struct vcpu *v = alloc_pages(d->engine->vcpu_size);

    if (!v)
        return NULL;
    v->page = alloc_pages(PAGE_SIZE);
    v->counters = alloc_pages(PAGE_SIZE);
    v->latency = alloc_pages(sizeof(*v->latency));
    v->xsave = alloc_pages(PAGE_SIZE);
    if (!v->page || !v->counters || !v->latency || !v->xsave)
        return NULL;
    v->domain = d;
    v->id = id;
    v->page->event_mask = 1;
    v->page->self = PARAPET_VCPU_PAGE(id);
    v->page->vcpu_id = id;
    list_init(&v->sched.queue_node);
    return v;
}

struct domain *domain_create(unsigned int id, const char *name,
                             const struct engine *engine, unsigned int nr_vcpus)
{
    struct domain *d = alloc_pages(sizeof(*d));

    if (!d || nr_domains == MAX_DOMAINS)
        return NULL;
    d->id = id;
    d->engine = engine;
    d->dispatch = engine->dispatch;
    (void)string_copy(d->name, sizeof(d->name), name);
    d->shared = alloc_pages(PAGE_SIZE);
    d->ports = alloc_pages(PARAPET_NR_PORTS * sizeof(*d->ports));
    d->dtb = alloc_pages(PARAPET_DTB_MAX);
    d->start_stack = alloc_pages(PARAPET_START_STACK_SIZE);
    if (!d->shared || !d->ports || !d->dtb || !d->start_stack)
        return NULL;
    d->ports_used[0] = 1; /* port 0 is no port */
    d->nr_vcpus = nr_vcpus;
    for (unsigned int i = 0; i < nr_vcpus; i++) {
        d->vcpus[i] = vcpu_create(d, i);
        if (!d->vcpus[i])
            return NULL;
    }
    domains[nr_domains++] = d;
    return d;
}

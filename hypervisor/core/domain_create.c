/* SPDX-License-Identifier: MIT
 *
 * Owns what a domain and a vCPU consist of: how they are made and freed.
 */
#include "hypervisor/core/domain_create.h"

#include "abi/errors.h"
#include "hypervisor/base/bug.h"
#include "hypervisor/core/clock.h"
#include "hypervisor/core/event_port.h"
#include "hypervisor/core/schedule.h"
#include "hypervisor/mm/owner_release.h"
#include "lib/string.h"

/* Some 160 instructions each; 900 with DEBUG=1, which fills them. */
#define FRAMES_AT_ONCE (PARAPET_DEBUG ? 12 : 64)

/* ---- how one begins ---- */

static void *alloc_page(void)
{
    mfn_t mfn = frame_alloc_zeroed();

    return mfn == MFN_NONE ? NULL : frame_vaddr(mfn);
}

/* If it is there. */
static void free_page(const void *page)
{
    if (page)
        frame_free(frame_of(page));
}

static bool alloc_pages(struct domain_pages *pages)
{
    pages->shared = alloc_page();
    pages->grants = alloc_page();
    pages->records = alloc_page();
    return pages->shared && pages->grants && pages->records;
}

/* What nobody else knows yet. */
static void free_domain(const struct domain *d,
                        const struct domain_pages *pages)
{
    free_page(pages->shared);
    free_page(pages->grants);
    free_page(pages->records);
    if (d)
        free_page(d->shares);
    free_page(d);
}

static void set_up(struct domain *d, const struct domain_settings *settings)
{
    list_init(&d->dead_node);
    d->control = settings->control;
    d->engine = settings->engine;
    d->dispatch = settings->control ? settings->engine->dispatch_control
                                    : settings->engine->dispatch;
    (void)string_copy(d->name, sizeof(d->name), settings->name);
    d->weight = settings->weight;
    d->cap = settings->cap;
    d->max_vcpus = settings->nr_vcpus;
    ports_init(&d->ports);
}

int domain_create(const struct domain_settings *settings, struct domain **made)
{
    struct domain_pages pages = {NULL, NULL, NULL};
    struct domain *d = alloc_page();
    int result = -PARAPET_ENOMEM;

    if (d)
        d->shares = alloc_page();
    if (d && d->shares && alloc_pages(&pages)) {
        set_up(d, settings);
        result = domain_enter(d, &settings->memory, &pages);
    }
    if (result) {
        free_domain(d, &pages);
        return result;
    }
    clock_fill(d);
    *made = d;
    return 0;
}

/* ---- vCPUs ---- */

static void free_vcpu(struct vcpu *v)
{
    free_page(v->page);
    free_page(v->counters);
    for (unsigned int i = 0; i < LATENCY_PAGES; i++)
        free_page(v->latency_pages[i]);
    free_page(v->xsave);
    free_page(v);
}

static struct vcpu *alloc_vcpu(void)
{
    struct vcpu *v = alloc_page();
    bool complete;

    if (!v)
        return NULL;
    v->page = alloc_page();
    v->counters = alloc_page();
    v->xsave = alloc_page();
    complete = v->page && v->counters && v->xsave;
    for (unsigned int i = 0; i < LATENCY_PAGES && complete; i++) {
        v->latency_pages[i] = alloc_page();
        complete = v->latency_pages[i] != NULL;
    }
    if (complete)
        return v;
    free_vcpu(v);
    return NULL;
}

/* Those that the hypervisor writes to stay what they are until the end. */
static void give_pages(struct domain *d, const struct vcpu *v, uint64_t gfn,
                       mfn_t mfns[VCPU_PAGES])
{
    mfns[0] = frame_of(v->page);
    mfns[1] = frame_of(v->counters);
    for (unsigned int i = 0; i < LATENCY_PAGES; i++)
        mfns[2 + i] = frame_of(v->latency_pages[i]);
    for (unsigned int i = 0; i < VCPU_PAGES; i++) {
        type_give(&d->memory, mfns[i], gfn + i);
        type_hold(&d->memory, mfns[i], i == 0);
    }
}

/* Makes it one that the domain has, unless the domain has ended. */
static bool publish_vcpu(struct domain *d, struct vcpu *v)
{
    bool builds;

    spin_lock(&d->lock);
    builds = d->state == DOMAIN_BUILDING;
    if (builds) {
        d->vcpus[v->id] = v;
        __atomic_store_n(&d->nr_vcpus, v->id + 1, __ATOMIC_RELEASE);
    }
    spin_unlock(&d->lock);
    return builds;
}

int domain_vcpu_create(struct domain *d, uint64_t gfn, mfn_t mfns[VCPU_PAGES])
{
    unsigned int id = d->nr_vcpus;
    struct vcpu *v;
    int result;

    ASSERT(d->engine->vcpu_size <= PAGE_SIZE);
    if (id == d->max_vcpus)
        return -PARAPET_ENOSPC;
    v = alloc_vcpu();
    if (!v)
        return -PARAPET_ENOMEM;
    v->domain = d;
    v->id = id;
    v->page->event_mask = 1;
    v->page->self = PARAPET_VCPU_PAGE(id);
    v->page->vcpu_id = id;
    list_init(&v->sched.queue_node);
    list_init(&v->sched.leave_node);
    list_init(&v->sched.arrive_node);
    /* Before anybody can end it: then it has a CPU to leave. */
    result = sched_assign(v);
    if (result == 0 && !publish_vcpu(d, v)) {
        sched_unassign(v);
        result = -PARAPET_EBUSY;
    }
    if (result) {
        free_vcpu(v);
        return result;
    }
    give_pages(d, v, gfn, mfns);
    return 0;
}

/* ---- how one is freed ---- */

/* What the hypervisor wrote in it for the domain. */
static void free_held(struct domain *d, const void *page)
{
    owner_free_held(&d->memory, frame_of(page));
}

/* The next frame of a vCPU; true when it was the last one. */
static bool free_one(struct domain *d, struct vcpu *v)
{
    for (unsigned int i = 0; i < LATENCY_PAGES; i++) {
        if (!v->latency_pages[i])
            continue;
        free_held(d, v->latency_pages[i]);
        v->latency_pages[i] = NULL;
        return false;
    }
    if (v->counters) {
        free_held(d, v->counters);
        v->counters = NULL;
    } else if (v->page) {
        free_held(d, v->page);
        v->page = NULL;
    } else if (v->xsave) {
        free_page(v->xsave);
        v->xsave = NULL;
    } else {
        sched_unassign(v);
        free_page(v);
        return true;
    }
    return false;
}

/* The next frame of what it had for grants; true: there was none. */
static bool free_grant_frame(struct domain *d)
{
    struct grant_handles *handles = &d->memory.handles;
    struct grant_table *grants = &d->memory.grants;
    uint32_t last;

    if (handles->nr_frames > 0) {
        free_page(handles->frames[--handles->nr_frames]);
        return false;
    }
    if (grants->nr_entries == 0)
        return true;
    last = grants->nr_entries / PARAPET_GRANTS_PER_FRAME - 1;
    if (grants->records[last]) {
        free_page(grants->records[last]);
        grants->records[last] = NULL;
    } else {
        free_held(d, grants->entries[last]);
        grants->nr_entries -= PARAPET_GRANTS_PER_FRAME;
    }
    return false;
}

bool domain_free_share(struct domain *d)
{
    for (unsigned int n = 0; n < FRAMES_AT_ONCE; n++) {
        if (d->nr_vcpus == 0 && free_grant_frame(d))
            return n == 0;
        if (d->nr_vcpus > 0 && free_one(d, d->vcpus[d->nr_vcpus - 1]))
            d->nr_vcpus--;
    }
    return false;
}

void domain_free(struct domain *d)
{
    free_held(d, d->shared);
    BUG_ON(d->memory.nr_frames != 0);
    event_free(d);
    free_page(d->shares);
    domain_give_up_place(d);
    free_page(d);
}

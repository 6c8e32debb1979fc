/* SPDX-License-Identifier: MIT
 *
 * Owns the table and the list of domains, their ids, and how one begins.
 */
#include "hypervisor/core/domain.h"

#include "abi/errors.h"
#include "hypervisor/base/bug.h"
#include "hypervisor/core/clock.h"
#include "hypervisor/core/event_port.h"
#include "hypervisor/core/schedule.h"
#include "hypervisor/mm/owner_release.h"
#include "lib/macros.h"
#include "lib/string.h"

_Static_assert(sizeof(struct domain) <= PAGE_SIZE, "a domain is one frame");

/* Some 1,000 instructions each. */
#define VCPUS_AT_ONCE 8

struct domain *domain_list;
uint32_t domain_nr_living;
struct domain *domain_table[DOMAIN_PLACES];

/* All of it changes under the lock; the list and a place of the table are read
 * without. */
static struct spinlock lock;
static struct domain *last;
static unsigned int nr_domains;
static uint32_t next_id = 1;
static struct domain *leaving[DOMAIN_PLACES];

void domain_set_next_id(uint32_t id)
{
    next_id = id;
}

/* ---- ids and the list ---- */

static bool place_is_free(uint32_t id)
{
    uint32_t place = domain_place(id);

    return place != DOMAIN_PLACES - 1 && !domain_table[place] &&
           !leaving[place];
}

/* An id for d; false: none is left. At most MAX_DOMAINS places are taken. */
static bool take_id(struct domain *d)
{
    if (d->control) {
        d->id = 0;
        return true;
    }
    while (next_id != 0 && !place_is_free(next_id))
        next_id++;
    if (next_id == 0)
        return false; /* after 4294967295 nothing comes */
    d->id = next_id++;
    return true;
}

/* By another domain than d. Names have zeros to their end. */
static bool name_is_used(const struct domain *d, const char *name)
{
    const struct domain *other;

    for_each_domain (other) {
        if (other != d && memcmp(other->name, name, sizeof(d->name)) == 0)
            return true;
    }
    return false;
}

/* Last, but for the control domain, whose id is the least. */
static void put_in_list(struct domain *d)
{
    struct domain **link = &domain_list;

    d->prev = d->control ? NULL : last;
    if (d->prev)
        link = &d->prev->next;
    d->next = *link;
    if (d->next)
        d->next->prev = d;
    else
        last = d;
    __atomic_store_n(link, d, __ATOMIC_RELEASE);
}

static void take_out_of_list(struct domain *d)
{
    struct domain **link = d->prev ? &d->prev->next : &domain_list;

    /* d->next stays: who is at d goes on from there. */
    __atomic_store_n(link, d->next, __ATOMIC_RELEASE);
    if (d->next)
        d->next->prev = d->prev;
    else
        last = d->prev;
}

struct domain *domain_find_leaving(uint32_t id)
{
    struct domain *d = leaving[domain_place(id)];

    return d && d->id == id ? d : NULL;
}

void domain_unlink(struct domain *d)
{
    uint32_t place = domain_place(d->id);

    spin_lock(&lock);
    take_out_of_list(d);
    leaving[place] = d;
    __atomic_store_n(&domain_table[place], NULL, __ATOMIC_SEQ_CST);
    spin_unlock(&lock);
}

static int enter(struct domain *d)
{
    if (name_is_used(d, d->name) || (d->control && !place_is_free(0)))
        return -PARAPET_EEXIST;
    if (nr_domains == MAX_DOMAINS || !take_id(d))
        return -PARAPET_ENOSPC;
    nr_domains++;
    __atomic_fetch_add(&domain_nr_living, 1, __ATOMIC_SEQ_CST);
    type_owner_init(&d->memory, domain_owner_tag(d->id));
    return 0;
}

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

/* What nobody else knows yet. */
static void free_domain(struct domain *d)
{
    free_page(d->shared);
    free_page(d);
}

static struct domain *alloc_domain(void)
{
    struct domain *d = alloc_page();

    if (!d)
        return NULL;
    d->shared = alloc_page();
    if (d->shared)
        return d;
    free_domain(d);
    return NULL;
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
    struct domain *d = alloc_domain();
    int result;

    if (!d)
        return -PARAPET_ENOMEM;
    set_up(d, settings);
    spin_lock(&lock);
    result = enter(d);
    if (!result) {
        type_give(&d->memory, frame_of(d->shared), settings->shared_gfn);
        type_hold(&d->memory, frame_of(d->shared), true);
        put_in_list(d);
        __atomic_store_n(&domain_table[domain_place(d->id)], d,
                         __ATOMIC_RELEASE);
    }
    spin_unlock(&lock);
    if (result) {
        free_domain(d);
        return result;
    }
    clock_fill(d);
    *made = d;
    return 0;
}

int domain_rename(struct domain *d, const char *name)
{
    char text[sizeof(d->name)] = "";
    int result = -PARAPET_EEXIST;

    (void)string_copy(text, sizeof(text), name);
    spin_lock(&lock);
    if (!name_is_used(d, text)) {
        memcpy(d->name, text, sizeof(text));
        result = 0;
    }
    spin_unlock(&lock);
    return result;
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
    /* Before anybody can end it, since its CPU does not change then. */
    result = sched_assign(v);
    if (result == 0 && !publish_vcpu(d, v)) {
        sched_unassign(v);
        result = -PARAPET_EINVAL;
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

static void free_dead_vcpu(struct domain *d, struct vcpu *v)
{
    sched_unassign(v);
    free_held(d, v->page);
    free_held(d, v->counters);
    for (unsigned int i = 0; i < LATENCY_PAGES; i++)
        free_held(d, v->latency_pages[i]);
    free_page(v->xsave);
    free_page(v);
}

bool domain_free_vcpus(struct domain *d)
{
    for (unsigned int n = 0; n < VCPUS_AT_ONCE && d->nr_vcpus > 0; n++)
        free_dead_vcpu(d, d->vcpus[--d->nr_vcpus]);
    return d->nr_vcpus == 0;
}

void domain_free(struct domain *d)
{
    free_held(d, d->shared);
    BUG_ON(d->memory.nr_frames != 0);
    event_free(d);
    spin_lock(&lock);
    leaving[domain_place(d->id)] = NULL;
    nr_domains--;
    spin_unlock(&lock);
    free_page(d);
}

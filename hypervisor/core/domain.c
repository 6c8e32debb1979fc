/* SPDX-License-Identifier: MIT
 *
 * Owns the table and the list of domains, and their ids.
 */
#include "hypervisor/core/domain.h"

#include "abi/errors.h"
#include "hypervisor/base/bug.h"
#include "lib/macros.h"
#include "lib/string.h"

_Static_assert(sizeof(struct domain) <= PAGE_SIZE, "a domain is one frame");

struct domain *domain_list;
uint32_t domain_nr_living;
struct domain *domain_table[DOMAIN_PLACES];

/* All of it changes under the lock; the list and a place of the table are read
 * without. */
static struct spinlock lock = SPINLOCK(domains);
static struct domain *last;
static unsigned int nr_domains;
static uint32_t next_id = 1;
static uint32_t skip; /* ids after it whose places were not free */
static struct domain *leaving[DOMAIN_PLACES];

void domain_set_next_id(uint32_t id)
{
    next_id = id;
    skip = 0;
}

/* ---- ids and the list ---- */

/* The place of one that is gone is taken, as long as others refer to frames
 * that still name it. */
static bool place_is_free(uint32_t id)
{
    uint32_t place = domain_place(id);

    return place != DOMAIN_PLACES - 1 && !domain_table[place] &&
           !leaving[place] && owner_nr_left(domain_owner_tag(id)) == 0;
}

/* So many places are looked at in one call, at some 15 instructions each. */
#define PLACES_AT_A_TIME 640u

_Static_assert(PLACES_AT_A_TIME > MAX_DOMAINS,
               "one is found at once unless frames are left behind");

/*
 * An id for d; false: none is left, or no place that was looked at is free. The
 * next call goes on from there, and no id is used up.
 */
static bool take_id(struct domain *d)
{
    uint32_t id = next_id + skip;

    if (d->control) {
        d->id = 0;
        return true;
    }
    /* After 4294967295 nothing comes. */
    for (unsigned int i = 0; i < PLACES_AT_A_TIME && id >= next_id; i++, id++) {
        if (place_is_free(id)) {
            d->id = id;
            next_id = id + 1;
            skip = 0;
            return true;
        }
    }
    skip = id < next_id ? 0 : (id - next_id) % DOMAIN_PLACES;
    return false;
}

/* Names have zeros to their end. */
#define NAME_SIZE sizeof(((struct domain *)0)->name)

/* Of names that differ it is the same only now and then. The multiplier is
 * FNV's (the 64-bit prime). */
static uint64_t hash_of(const char *name)
{
    uint64_t hash = 0, word;

    for (size_t i = 0; i < NAME_SIZE; i += sizeof(word)) {
        __builtin_memcpy(&word, name + i, sizeof(word));
        hash = (hash ^ word) * 0x100000001b3;
    }
    return hash;
}

/* By another domain than d. There are 512 to look at. */
static bool name_is_used(const struct domain *d, const char *name,
                         uint64_t hash)
{
    const struct domain *other;

    for_each_domain (other) {
        if (other->name_hash == hash && other != d &&
            memcmp(other->name, name, NAME_SIZE) == 0)
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
    d->name_hash = hash_of(d->name);
    if (name_is_used(d, d->name, d->name_hash) ||
        (d->control && !place_is_free(0)))
        return -PARAPET_EEXIST;
    if (nr_domains == MAX_DOMAINS || !take_id(d))
        return -PARAPET_ENOSPC;
    nr_domains++;
    __atomic_fetch_add(&domain_nr_living, 1, __ATOMIC_SEQ_CST);
    type_owner_init(&d->memory, domain_owner_tag(d->id));
    return 0;
}

/* Both it and the hypervisor write to this frame, until its end. */
static void give_frame(struct domain *d, const void *page, uint64_t gfn)
{
    type_give(&d->memory, frame_of(page), gfn);
    type_hold(&d->memory, frame_of(page), true);
}

static void give_grants(struct domain *d, const struct domain_pages *pages,
                        uint64_t gfn)
{
    struct grant_table *grants = &d->memory.grants;

    give_frame(d, pages->grants, gfn);
    grants->entries[0] = pages->grants;
    grants->records[0] = pages->records;
    grants->nr_entries = PARAPET_GRANTS_PER_FRAME;
}

int domain_enter(struct domain *d, const struct domain_memory *memory,
                 const struct domain_pages *pages)
{
    int result;

    spin_lock(&lock);
    result = enter(d);
    if (!result) {
        spin_init(&d->lock, LOCK_domain, d->id);
        d->memory.nr_gfns = memory->nr_gfns;
        d->memory.max_frames = memory->max_frames;
        d->shared = pages->shared;
        d->shared_gfn = memory->shared_gfn;
        give_frame(d, d->shared, memory->shared_gfn);
        give_grants(d, pages, memory->grant_gfn);
        put_in_list(d);
        __atomic_store_n(&domain_table[domain_place(d->id)], d,
                         __ATOMIC_RELEASE);
    }
    spin_unlock(&lock);
    return result;
}

void domain_give_up_place(const struct domain *d)
{
    spin_lock(&lock);
    leaving[domain_place(d->id)] = NULL;
    nr_domains--;
    spin_unlock(&lock);
}

int domain_rename(struct domain *d, const char *name)
{
    char text[NAME_SIZE] = "";
    int result = -PARAPET_EEXIST;
    uint64_t hash;

    (void)string_copy(text, sizeof(text), name);
    hash = hash_of(text);
    spin_lock(&lock);
    if (!name_is_used(d, text, hash)) {
        memcpy(d->name, text, sizeof(text));
        d->name_hash = hash;
        result = 0;
    }
    spin_unlock(&lock);
    return result;
}

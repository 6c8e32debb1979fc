/* SPDX-License-Identifier: MIT */
#include "tests/unit/grant_calls.h"

#include "abi/errors.h"
#include "hypervisor/base/panic.h"
#include "hypervisor/mm/grant.h"
#include "hypervisor/mm/grant_handle.h"
#include "hypervisor/mm/owner_release.h"
#include "tests/unit/grant_core.h"
#include "tests/unit/grant_model.h"

/* The ids; the owner knows its place only. */
static uint32_t ids[MMU_DOMAINS];

static struct taken {
    unsigned int user, lender;
    uint32_t lender_id;
    uint32_t ref;
    bool writable;
    mfn_t mfn;
} taken[MODEL_USES];

static void lock(struct memory_owner *m)
{
    while (!memory_lock(m))
        ;
}

void calls_create(unsigned int domain, uint32_t id, mfn_t table)
{
    struct memory_owner *m = &mmu_domains[domain];

    ids[domain] = id;
    core_create(domain, id);
    type_hold(m, table, true);
    grant_table_add(m, table, frame_alloc_zeroed());
}

/* As core finds a domain that has not ended; NULL: there is none. */
static struct memory_owner *find(uint32_t id)
{
    for (unsigned int d = 0; d < MMU_DOMAINS; d++) {
        if (ids[d] == id && !mmu_domains[d].grants.closed)
            return &mmu_domains[d];
    }
    return NULL;
}

/* ---- taking ---- */

static int take_once(struct memory_owner *lender, struct taken *t)
{
    int error = -PARAPET_ENOENT;

    spin_lock(&lender->grants.lock);
    if (!lender->grants.closed)
        error = grant_take(lender, t->ref, ids[t->user], t->writable, &t->mfn);
    spin_unlock(&lender->grants.lock);
    return error;
}

int calls_take(unsigned int nr, unsigned int user, unsigned int lender,
               uint32_t ref, bool writable)
{
    struct memory_owner *m = find(ids[lender]);
    uint32_t work = WORK_CALL;
    int error;

    taken[nr] = (struct taken){.user = user,
                               .lender = lender,
                               .lender_id = ids[lender],
                               .ref = ref,
                               .writable = writable};
    if (!m)
        return -PARAPET_ENOENT;
    error = take_once(m, &taken[nr]);
    if (error != GRANT_PREPARE)
        return error;
    error = grant_prepare(m, ref, ids[user], &work);
    if (!error)
        error = take_once(m, &taken[nr]);
    return error == GRANT_PREPARE ? -PARAPET_EAGAIN : error;
}

/* The reference, and the use of the lender's entry if it is still there. */
static void drop(uint32_t lender_id, uint32_t ref, bool writable, mfn_t mfn)
{
    struct memory_owner *m = NULL;

    for (unsigned int d = 0; d < MMU_DOMAINS; d++) {
        if (ids[d] == lender_id && mmu_domains[d].grants.nr_entries != 0)
            m = &mmu_domains[d];
    }
    if (!m) {
        type_put_foreign(mfn, writable);
        return;
    }
    spin_lock(&m->grants.lock);
    grant_drop(m, ref, writable, mfn);
    spin_unlock(&m->grants.lock);
}

void calls_put(unsigned int nr)
{
    const struct taken *t = &taken[nr];

    drop(t->lender_id, t->ref, t->writable, t->mfn);
}

/* ---- handles ---- */

/* What both kinds have in common; NULL, and an error. */
static struct grant_mapping *new_mapping(const struct taken *t, int *error)
{
    struct memory_owner *m = &mmu_domains[t->user];
    struct grant_mapping *mapping = NULL;

    *error = grant_handle_next(m, &mapping);
    return *error ? NULL : mapping;
}

static uint32_t take_handle(const struct taken *t,
                            struct grant_mapping *mapping, enum grant_kind kind)
{
    grant_handle_take(&mmu_domains[t->user], mapping);
    mapping->kind = (uint8_t)kind;
    mapping->writable = t->writable;
    mapping->mfn = (uint32_t)t->mfn;
    mapping->lender = t->lender_id;
    mapping->ref = t->ref;
    return mapping->handle;
}

int calls_map(unsigned int nr, uint64_t pte, uint64_t bits, uint32_t *handle)
{
    const struct taken *t = &taken[nr];
    struct memory_owner *m = mmu_begin(t->user, WORK_CALL);
    struct grant_mapping *mapping;
    int error;

    lock(m);
    mapping = new_mapping(t, &error);
    if (!error && (bits & (PARAPET_PTE_ADDRESS | PARAPET_PTE_P)))
        error = -PARAPET_EINVAL;
    if (!error)
        error = table_map_foreign(m, pte, bits | frame_paddr(t->mfn));
    if (!error) {
        *handle = take_handle(t, mapping, GRANT_MAP);
        mapping->pte = pte;
    }
    memory_unlock(m);
    return error;
}

int calls_hold(unsigned int nr, uint32_t *handle, uint64_t *maddr)
{
    const struct taken *t = &taken[nr];
    struct memory_owner *m = mmu_begin(t->user, WORK_CALL);
    struct grant_mapping *mapping;
    int error;

    lock(m);
    mapping = new_mapping(t, &error);
    if (!error) {
        *handle = take_handle(t, mapping, GRANT_HOLD);
        *maddr = frame_paddr(t->mfn);
    }
    memory_unlock(m);
    return error;
}

static void drop_all(unsigned int user, const uint32_t *handles, int *status,
                     unsigned int nr,
                     int64_t (*core)(unsigned int domain, void *elements,
                                     unsigned int nr))
{
    static _Alignas(8) struct parapet_grant_unmap elements[CALLS_HANDLES];

    for (unsigned int i = 0; i < nr; i++)
        elements[i] =
            (struct parapet_grant_unmap){.handle = handles[i], .status = 1};
    if (core(user, elements, nr) != 0)
        panic("a call for some handles failed");
    for (unsigned int i = 0; i < nr; i++)
        status[i] = elements[i].status;
}

void calls_unmap(unsigned int user, const uint32_t *handles, int *status,
                 unsigned int nr)
{
    drop_all(user, handles, status, nr, core_unmap);
}

void calls_release(unsigned int user, const uint32_t *handles, int *status,
                   unsigned int nr)
{
    drop_all(user, handles, status, nr, core_release);
}

bool calls_has_handle(unsigned int domain, uint32_t handle)
{
    const struct memory_owner *m = &mmu_domains[domain];

    return grant_handle_find(m, handle, GRANT_MAP) ||
           grant_handle_find(m, handle, GRANT_HOLD) ||
           grant_handle_find(m, handle, GRANT_RUN) ||
           grant_handle_find(m, handle, GRANT_IN_RUN);
}

uint32_t calls_next_of_run(unsigned int domain, uint32_t handle)
{
    return grant_handle_at(&mmu_domains[domain].handles, handle)->next->handle;
}

struct grant_record calls_record(unsigned int domain, uint32_t ref)
{
    return *grant_record(&mmu_domains[domain].grants, ref);
}

/* ---- tables ---- */

int64_t calls_grow(unsigned int domain, mfn_t mfn)
{
    return core_grow(domain, mfn);
}

/* ---- the end ---- */

void calls_close(unsigned int domain)
{
    struct memory_owner *m = &mmu_domains[domain];

    lock(m);
    grant_table_close(m);
    memory_unlock(m);
}

bool calls_end_share(unsigned int domain)
{
    return core_end_share(domain);
}

void calls_free(unsigned int domain)
{
    struct memory_owner *m = &mmu_domains[domain];
    uint32_t nr = m->grants.nr_entries / PARAPET_GRANTS_PER_FRAME;

    core_remove(domain);
    for (uint32_t i = 0; i < nr; i++) {
        owner_free_held(m, frame_of(m->grants.entries[i]));
        frame_free(frame_of(m->grants.records[i]));
    }
    for (uint32_t i = 0; i < m->handles.nr_frames; i++)
        frame_free(frame_of(m->handles.frames[i]));
}

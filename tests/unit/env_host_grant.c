/* SPDX-License-Identifier: MIT
 *
 * The grants of the domains of env_host.h: tables as abi/grant.h has them,
 * which their owners write to, and what the hypervisor does. Owners and
 * borrowers may be threads: the bits in an entry change atomically, and say
 * what is true.
 */
#include <stdio.h>
#include <string.h>

#include "abi/errors.h"
#include "pvdrivers/lend.h"
#include "tests/unit/env_host_parts.h"

#define NR_GRANTS 1024
#define NR_HANDLES 512

/* What the hypervisor keeps of an entry of a grant table. */
struct record {
    uint64_t mfn; /* while it is used */
    unsigned int readers;
    unsigned int writers;
    bool reserved; /* the kernel's: env_lend_reserve() */
};

/* What is held. */
struct handle {
    bool taken;
    bool read_only;
    uint32_t domain;
    uint32_t ref;
    uint32_t nr; /* in a row */
};

struct tables {
    struct parapet_grant_entry table[NR_GRANTS];
    struct record records[NR_GRANTS];
    struct handle handles[NR_HANDLES];
    unsigned int mapped;
    unsigned int held;
};

static struct tables domains[ENV_HOST_DOMAINS];

static struct tables *own(void)
{
    return &domains[env_host_is()];
}

void env_host_reset_grants(void)
{
    memset(domains, 0, sizeof(domains));
}

/* Whether an entry lends this page, or it is used by one. */
static bool entry_lends(uint32_t domain, uint32_t ref, uint64_t mfn)
{
    const struct parapet_grant_entry *entry = &domains[domain].table[ref];
    const struct record *record = &domains[domain].records[ref];

    if (record->readers + record->writers > 0 && record->mfn == mfn)
        return true;
    return (__atomic_load_n(&entry->flags, __ATOMIC_ACQUIRE) &
            PARAPET_GRANT_LEND) != 0 &&
           __atomic_load_n(&entry->frame, __ATOMIC_RELAXED) == mfn;
}

bool env_host_is_lent(uint32_t domain, uint64_t mfn)
{
    for (uint32_t ref = 0; ref < NR_GRANTS; ref++)
        if (entry_lends(domain, ref, mfn))
            return true;
    return false;
}

void env_host_count_grants(uint32_t domain, struct env_host_use *use)
{
    use->mapped = domains[domain].mapped;
    use->held = domains[domain].held;
    for (unsigned int i = 0; i < NR_GRANTS; i++) {
        const struct record *record = &domains[domain].records[i];

        use->lent += (__atomic_load_n(&domains[domain].table[i].flags,
                                      __ATOMIC_ACQUIRE) &
                      PARAPET_GRANT_LEND) != 0;
        use->in_use += record->readers + record->writers;
        use->reserved += record->reserved;
    }
}

/* ---- to lend ---- */

/* With the lock: so many free entries in a row; NR_GRANTS: there are none. */
static uint32_t find_entries(unsigned int nr)
{
    unsigned int found = 0;

    for (uint32_t ref = 0; ref < NR_GRANTS; ref++) {
        const lend_word_t *word = (lend_word_t *)&own()->table[ref];
        bool is_free = !own()->records[ref].reserved &&
                       __atomic_load_n(word, __ATOMIC_ACQUIRE) == 0;

        found = is_free ? found + 1 : 0;
        if (found == nr)
            return ref + 1 - nr;
    }
    return NR_GRANTS;
}

int env_lend_reserve(unsigned int nr, struct parapet_grant_entry **entries)
{
    uint32_t ref;

    env_host_take();
    ref = env_host_refused() ? NR_GRANTS : find_entries(nr);
    if (ref < NR_GRANTS) {
        for (unsigned int i = 0; i < nr; i++)
            own()->records[ref + i].reserved = true;
        *entries = &own()->table[ref];
    }
    env_host_give();
    return ref < NR_GRANTS ? (int)ref : -PARAPET_ENOSPC;
}

void env_lend_unreserve(uint32_t ref, unsigned int nr)
{
    env_host_take();
    for (uint32_t i = ref; i < ref + nr; i++) {
        const lend_word_t *word = (lend_word_t *)&own()->table[i];

        if (__atomic_load_n(word, __ATOMIC_ACQUIRE) == 0)
            own()->records[i].reserved = false;
    }
    env_host_give();
}

int env_lend(uint32_t domain, const void *page, bool read_only)
{
    uint32_t ref;

    env_host_take();
    ref = find_entries(1);
    if (ref < NR_GRANTS && env_host_refused())
        ref = NR_GRANTS;
    if (ref < NR_GRANTS)
        lend_frame(&own()->table[ref], env_host_mfn_of(page),
                   lend_word(domain, read_only));
    env_host_give();
    return ref < NR_GRANTS ? (int)ref : -PARAPET_ENOSPC;
}

bool env_take_back(uint32_t ref)
{
    struct parapet_grant_entry *entry = &own()->table[ref];
    uint64_t word = __atomic_load_n((lend_word_t *)entry, __ATOMIC_RELAXED);

    return (word & (PARAPET_GRANT_READING | PARAPET_GRANT_WRITING)) == 0 &&
           lend_take_back(entry, word);
}

/* ---- to borrow: what the hypervisor does ---- */

/* With the lock: the bits of an entry say how it is used. */
static void tell_use(uint32_t domain, uint32_t ref)
{
    const struct record *record = &domains[domain].records[ref];
    uint16_t *flags = &domains[domain].table[ref].flags;
    uint16_t bits =
        (uint16_t)((record->readers + record->writers > 0
                        ? PARAPET_GRANT_READING
                        : 0) |
                   (record->writers > 0 ? PARAPET_GRANT_WRITING : 0));

    (void)__atomic_or_fetch(flags, bits, __ATOMIC_ACQ_REL);
    (void)__atomic_and_fetch(
        flags,
        (uint16_t)(bits |
                   (uint16_t) ~(PARAPET_GRANT_READING | PARAPET_GRANT_WRITING)),
        __ATOMIC_ACQ_REL);
}

static void drop(uint32_t domain, uint32_t ref, bool read_only)
{
    struct record *record = &domains[domain].records[ref];

    if (read_only)
        record->readers--;
    else
        record->writers--;
    tell_use(domain, ref);
}

/* Sets the bits first: then the entry cannot be taken back. */
static int use(uint32_t domain, uint32_t ref, bool read_only)
{
    struct parapet_grant_entry *entry = &domains[domain].table[ref];
    struct record *record = &domains[domain].records[ref];
    uint64_t word = __atomic_load_n((lend_word_t *)entry, __ATOMIC_ACQUIRE);
    uint64_t used = PARAPET_GRANT_READING | PARAPET_GRANT_WRITING;
    uint64_t mfn;

    do {
        if ((word & ~used) != lend_word(env_host_is(), false) &&
            ((word & ~used) != lend_word(env_host_is(), true) || !read_only))
            return -PARAPET_EPERM;
    } while (!__atomic_compare_exchange_n((lend_word_t *)entry, &word,
                                          word | PARAPET_GRANT_READING, false,
                                          __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
    mfn = __atomic_load_n(&entry->frame, __ATOMIC_RELAXED);
    if (!env_host_bytes(domain, mfn)) {
        tell_use(domain, ref);
        return -PARAPET_EPERM;
    }
    if (record->readers + record->writers == 0)
        record->mfn = mfn;
    if (read_only)
        record->readers++;
    else
        record->writers++;
    tell_use(domain, ref);
    return 0;
}

/* What is lent as ref may be used from now on, until drop(). 0 or the error. */
static int use_checked(uint32_t domain, uint32_t ref, bool read_only)
{
    if (domain >= ENV_HOST_DOMAINS)
        return -PARAPET_ENOENT;
    if (ref >= NR_GRANTS)
        return -PARAPET_EPERM;
    return use(domain, ref, read_only);
}

static void *bytes_of(uint32_t domain, uint32_t ref)
{
    return env_host_bytes(domain, domains[domain].records[ref].mfn);
}

/* ---- to borrow ---- */

static void map_one(struct env_loan *loan)
{
    loan->page = NULL;
    loan->status = use_checked(loan->domain, loan->ref, loan->read_only);
    if (loan->status != 0)
        return;
    if (env_host_refused()) {
        drop(loan->domain, loan->ref, loan->read_only);
        loan->status = -PARAPET_ENOSPC;
        return;
    }
    own()->mapped++;
    loan->page = bytes_of(loan->domain, loan->ref);
}

void env_map(struct env_loan *loans, unsigned int nr)
{
    env_host_take();
    for (unsigned int i = 0; i < nr; i++)
        map_one(&loans[i]);
    env_host_give();
}

void env_unmap(struct env_loan *loans, unsigned int nr)
{
    env_host_take();
    for (unsigned int i = 0; i < nr; i++) {
        if (!loans[i].page)
            continue;
        drop(loans[i].domain, loans[i].ref, loans[i].read_only);
        own()->mapped--;
        loans[i].page = NULL;
        loans[i].status = 0;
    }
    env_host_give();
}

static void copy_one(struct env_copy *copy)
{
    uint8_t *lent;

    copy->status = use_checked(copy->domain, copy->ref, copy->to_own);
    if (copy->status != 0)
        return;
    lent = bytes_of(copy->domain, copy->ref);
    if (copy->length > ENV_PAGE_SIZE ||
        copy->offset > ENV_PAGE_SIZE - copy->length)
        copy->status = -PARAPET_EINVAL;
    else if (copy->to_own)
        memcpy(copy->own, lent + copy->offset, copy->length);
    else
        memcpy(lent + copy->offset, copy->own, copy->length);
    drop(copy->domain, copy->ref, copy->to_own);
}

void env_copy(struct env_copy *copies, unsigned int nr)
{
    env_host_take();
    for (unsigned int i = 0; i < nr; i++)
        copy_one(&copies[i]);
    env_host_give();
}

/* A free handle; NR_HANDLES: there is none. */
static uint32_t find_handle(void)
{
    uint32_t i = 0;

    while (i < NR_HANDLES && own()->handles[i].taken)
        i++;
    return i;
}

static void drop_run(const struct handle *handle, uint32_t nr)
{
    for (uint32_t i = 0; i < nr; i++)
        drop(handle->domain, handle->ref + i, handle->read_only);
}

/* All of them or none. */
static int use_run(const struct handle *handle, uint64_t *maddrs)
{
    for (uint32_t i = 0; i < handle->nr; i++) {
        uint32_t ref = handle->ref + i;
        int error = use_checked(handle->domain, ref, handle->read_only);

        if (error != 0) {
            drop_run(handle, i);
            return error;
        }
        maddrs[i] = domains[handle->domain].records[ref].mfn * ENV_PAGE_SIZE;
    }
    return 0;
}

static void hold_one(struct parapet_grant_run *run)
{
    const struct handle made = {true, run->flags == PARAPET_GRANT_READONLY,
                                run->domain, run->ref, run->nr};
    uint32_t handle = find_handle();

    run->status = -PARAPET_EINVAL;
    if ((run->flags != 0 && !made.read_only) || run->nr == 0 ||
        run->nr > PARAPET_MAX_GRANT_RUN)
        return;
    run->status = -PARAPET_ENOSPC;
    if (handle == NR_HANDLES || env_host_refused())
        return;
    run->status = use_run(&made, (uint64_t *)run->maddrs);
    if (run->status != 0)
        return;
    own()->handles[handle] = made;
    own()->held += made.nr;
    run->handle = handle;
}

void env_hold_run(struct parapet_grant_run *runs, unsigned int nr)
{
    env_host_take();
    for (unsigned int i = 0; i < nr; i++)
        hold_one(&runs[i]);
    env_host_give();
}

/* As runs of one. */
void env_hold(struct parapet_grant_hold *holds, unsigned int nr)
{
    for (unsigned int i = 0; i < nr; i++) {
        struct parapet_grant_run run = {.domain = holds[i].domain,
                                        .ref = holds[i].ref,
                                        .flags = holds[i].flags,
                                        .nr = 1,
                                        .maddrs = (uint64_t)&holds[i].maddr};

        env_hold_run(&run, 1);
        holds[i].status = run.status;
        holds[i].handle = run.handle;
    }
}

static void release_one(struct parapet_grant_unmap *release)
{
    struct handle *handle;

    release->status = -PARAPET_ENOENT;
    if (release->handle >= NR_HANDLES)
        return;
    handle = &own()->handles[release->handle];
    if (!handle->taken)
        return;
    drop_run(handle, handle->nr);
    handle->taken = false;
    own()->held -= handle->nr;
    release->status = 0;
}

void env_release(struct parapet_grant_unmap *handles, unsigned int nr)
{
    env_host_take();
    for (unsigned int i = 0; i < nr; i++)
        release_one(&handles[i]);
    env_host_give();
}

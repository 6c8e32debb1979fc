/* SPDX-License-Identifier: MIT
 *
 * Owns the rare half of what an owner lends.
 */
#include "hypervisor/mm/grant.h"

#include "hypervisor/mm/frame.h"
#include "hypervisor/mm/work.h"

/* Marks the entry; *added is what was not set. 0, -EPERM, or -EAGAIN when the
 * lender changes it all the time. */
static int mark(struct grant_entry *e, uint32_t domain, bool writable,
                uint64_t *added)
{
    const uint64_t marks = grant_marks(writable);
    uint64_t word = __atomic_load_n(&e->word, __ATOMIC_ACQUIRE);

    for (int tries = 0; tries < GRANT_TRIES; tries++) {
        if (!grant_is_lent(word, domain, writable))
            return -PARAPET_EPERM;
        *added = marks & ~word;
        if (__atomic_compare_exchange_n(&e->word, &word, word | marks, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE))
            return 0;
    }
    return -PARAPET_EAGAIN;
}

/* A reference to the frame of an entry that is marked, and its record. */
static int refer(struct memory_owner *lender, const struct grant_entry *e,
                 struct grant_record *r, uint32_t domain, bool writable,
                 mfn_t *mfn)
{
    int error;

    if (r->uses == 0)
        *mfn = __atomic_load_n(&e->frame, __ATOMIC_RELAXED);
    else if (r->domain == domain)
        *mfn = r->mfn;
    else
        return -PARAPET_EBUSY;
    error = type_get_foreign(lender, *mfn, writable);
    if (error)
        return error == -PARAPET_EAGAIN ? GRANT_PREPARE : error;
    r->mfn = (uint32_t)*mfn;
    r->domain = domain;
    r->uses += writable ? GRANT_WRITER : GRANT_READER;
    return 0;
}

int grant_take(struct memory_owner *lender, uint32_t ref, uint32_t domain,
               bool writable, mfn_t *mfn)
{
    const struct grant_table *t = &lender->grants;
    struct grant_entry *e;
    uint64_t added;
    int error;

    if (ref >= t->nr_entries)
        return -PARAPET_EPERM;
    e = grant_entry(t, ref);
    error = mark(e, domain, writable, &added);
    if (error)
        return error;
    error = refer(lender, e, grant_record(t, ref), domain, writable, mfn);
    if (error)
        grant_unmark(e, added);
    return error;
}

void grant_drop_one(struct grant_entry *e, const struct grant_record *r,
                    bool writable, mfn_t mfn)
{
    type_put_foreign(mfn, writable);
    if (writable && r->writers == 0)
        grant_unmark(e, PARAPET_GRANT_WRITING);
}

void grant_drop(struct memory_owner *lender, uint32_t ref, bool writable,
                mfn_t mfn)
{
    struct grant_record *r = grant_record(&lender->grants, ref);

    if (!lender->grants.closed) {
        grant_drop_open(lender, ref, writable, mfn);
        return;
    }
    r->uses -= writable ? GRANT_WRITER : GRANT_READER;
    type_put_foreign(mfn, writable);
}

/* The frame that the entry lends to write to, or has in use; without a mark. */
static int peek(struct memory_owner *lender, uint32_t ref, uint32_t domain,
                mfn_t *mfn)
{
    struct grant_table *t = &lender->grants;
    const struct grant_entry *e;
    const struct grant_record *r;
    int error = -PARAPET_EPERM;

    spin_lock(&t->lock);
    if (ref < t->nr_entries) {
        e = grant_entry(t, ref);
        if (grant_is_lent(__atomic_load_n(&e->word, __ATOMIC_ACQUIRE), domain,
                          true))
            error = 0;
        r = grant_record(t, ref);
        *mfn = r->readers | r->writers
                   ? r->mfn
                   : __atomic_load_n(&e->frame, __ATOMIC_RELAXED);
    }
    spin_unlock(&t->lock);
    return error;
}

/* The lender's memory lock is held, and its work is the caller's. */
static int make_writable(struct memory_owner *lender, uint32_t ref,
                         uint32_t domain)
{
    mfn_t mfn = MFN_NONE;
    int error;

    if (lender->grants.closed)
        return -PARAPET_ENOENT;
    error = peek(lender, ref, domain, &mfn);
    if (!error)
        error = type_get_writable(lender, mfn);
    if (!error)
        type_put_writable(mfn);
    return error == -PARAPET_ERESTART ? -PARAPET_EAGAIN : error;
}

int grant_prepare(struct memory_owner *lender, uint32_t ref, uint32_t domain,
                  uint32_t *work)
{
    int error;

    if (*work < WORK_PREPARE)
        return -PARAPET_ERESTART;
    if (!memory_lock(lender))
        return -PARAPET_EAGAIN;
    lender->work = *work;
    error = make_writable(lender, ref, domain);
    *work = lender->work;
    lender->work = WORK_CALL;
    memory_unlock(lender);
    work_add(work, WORK_PREPARE - WORK_CHANGE);
    return error;
}

void grant_table_add(struct memory_owner *m, mfn_t table, mfn_t records)
{
    struct grant_table *t = &m->grants;
    uint32_t i = t->nr_entries / PARAPET_GRANTS_PER_FRAME;

    BUG_ON(i == PARAPET_MAX_GRANT_FRAMES);
    spin_lock(&t->lock);
    t->entries[i] = frame_vaddr(table);
    t->records[i] = frame_vaddr(records);
    t->nr_entries += PARAPET_GRANTS_PER_FRAME;
    spin_unlock(&t->lock);
}

void grant_table_close(struct memory_owner *m)
{
    spin_lock(&m->grants.lock);
    m->grants.closed = true;
    spin_unlock(&m->grants.lock);
}

/* SPDX-License-Identifier: MIT
 *
 * What an owner of memory lends: taking and dropping by the entries of its
 * table, for mappings, holds and copies alike. It knows owners, and a domain by
 * its id only: who that is, and whether it lives, is core's to find out.
 *
 * The lock of the lender's table is held for all of these, unless it says
 * otherwise. Under it an entry's record and the references to its frame change
 * together, so an audit that has it finds them equal. It is a leaf, but for the
 * frame allocator's.
 */
#ifndef HYPERVISOR_MM_GRANT_H
#define HYPERVISOR_MM_GRANT_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/grant.h"
#include "hypervisor/base/bug.h"
#include "hypervisor/base/spinlock.h"
#include "hypervisor/mm/type.h"

/* So often is an entry tried that its lender is just changing. */
#define GRANT_TRIES 4

/* What grant_take() says when the frame is not writable memory yet. */
#define GRANT_PREPARE 1

static inline struct grant_entry *grant_entry(const struct grant_table *t,
                                              uint32_t ref)
{
    return &t->entries[ref / PARAPET_GRANTS_PER_FRAME]
                      [ref % PARAPET_GRANTS_PER_FRAME];
}

static inline struct grant_record *grant_record(const struct grant_table *t,
                                                uint32_t ref)
{
    return &t->records[ref / GRANT_RECORDS_PER_FRAME]
                      [ref % GRANT_RECORDS_PER_FRAME];
}

/* The bits of the entry that say how it is in use, when it is so once. */
static inline uint64_t grant_marks(bool writable)
{
    return writable ? PARAPET_GRANT_READING | PARAPET_GRANT_WRITING
                    : PARAPET_GRANT_READING;
}

/*
 * Whether the word of an entry lends it to the domain in this way. No other bit
 * is allowed than those that have a meaning.
 */
static inline bool grant_is_lent(uint64_t word, uint32_t domain, bool writable)
{
    uint64_t any = PARAPET_GRANT_READING | PARAPET_GRANT_WRITING;

    if (!writable)
        any |= PARAPET_GRANT_READONLY;
    return (word & ~any) ==
           (PARAPET_GRANT_LEND | (uint64_t)domain << GRANT_DOMAIN_SHIFT);
}

static inline void grant_unmark(struct grant_entry *e, uint64_t marks)
{
    __atomic_fetch_and(&e->word, ~marks, __ATOMIC_SEQ_CST);
}

/*
 * Takes what entry ref lends to the domain with this id, to write to it as well
 * or only to read: the frame is in *mfn, and stays what it is until
 * grant_drop(). -EPERM: the entry does not lend it so, or the frame is not the
 * lender's. -EBUSY: another domain has it in use, or the frame is a table.
 * -EAGAIN: the lender is just changing it. -ENOSPC: the frame has too many
 * references. GRANT_PREPARE: see grant_prepare(). The lender has not closed its
 * table.
 */
int grant_take(struct memory_owner *lender, uint32_t ref, uint32_t domain,
               bool writable, mfn_t *mfn);

/*
 * The short path of it, of an entry that is not in use and whose word is lent,
 * for which grant_is_lent() was true, and has no marks. False, with nothing
 * done: grant_take() is to be called.
 */
static inline __attribute__((always_inline)) bool
grant_take_entry(const struct memory_owner *lender, struct grant_entry *e,
                 struct grant_record *r, uint32_t domain, uint64_t lent,
                 bool writable, mfn_t *taken)
{
    mfn_t mfn;

    if (__builtin_expect(r->uses != 0, 0) ||
        !__atomic_compare_exchange_n(&e->word, &lent,
                                     lent + grant_marks(writable), false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
        return false;
    mfn = __atomic_load_n(&e->frame, __ATOMIC_RELAXED);
    if (__builtin_expect(type_get_foreign(lender, mfn, writable) != 0, 0)) {
        grant_unmark(e, grant_marks(writable));
        return false;
    }
    /* Each by itself: putting them together takes longer. */
    __atomic_store_n(&r->mfn, (uint32_t)mfn, __ATOMIC_RELAXED);
    __atomic_store_n(&r->domain, domain, __ATOMIC_RELAXED);
    if (writable)
        r->writers = 1;
    else
        r->readers = 1;
    /* Known to be no MFN_NONE, so that nobody looks again. */
    if (mfn == MFN_NONE)
        __builtin_unreachable();
    *taken = mfn;
    return true;
}

/* The same by its number. */
static inline __attribute__((always_inline)) bool
grant_take_short(const struct memory_owner *lender, uint32_t ref,
                 uint32_t domain, uint64_t lent, bool writable, mfn_t *taken)
{
    const struct grant_table *t = &lender->grants;

    return __builtin_expect(ref < t->nr_entries, 1) &&
           grant_take_entry(lender, grant_entry(t, ref), grant_record(t, ref),
                            domain, lent, writable, taken);
}

/* What is left to do of grant_drop_entry() when the entry is still in use. */
void grant_drop_one(struct grant_entry *e, const struct grant_record *r,
                    bool writable, mfn_t mfn);

/* grant_drop() of an entry of a lender that has not closed its table. */
static inline __attribute__((always_inline)) void
grant_drop_entry(struct grant_entry *e, struct grant_record *r, bool writable,
                 mfn_t mfn)
{
    ASSERT(r->mfn == mfn && (writable ? r->writers : r->readers) != 0);
    if (__builtin_expect(
            (r->uses -= writable ? GRANT_WRITER : GRANT_READER) != 0, 0)) {
        grant_drop_one(e, r, writable, mfn);
        return;
    }
    /* First, so that a lender that finds no mark finds no reference. */
    type_put_foreign(mfn, writable);
    grant_unmark(e, PARAPET_GRANT_READING | PARAPET_GRANT_WRITING);
}

/* The same by its number. */
static inline __attribute__((always_inline)) void
grant_drop_open(const struct memory_owner *lender, uint32_t ref, bool writable,
                mfn_t mfn)
{
    const struct grant_table *t = &lender->grants;

    ASSERT(spin_is_held(&t->lock));
    grant_drop_entry(grant_entry(t, ref), grant_record(t, ref), writable, mfn);
}

/*
 * Drops it. No CPU translates to the frame any more by what it was taken for.
 * An ended lender's table is not written to.
 */
void grant_drop(struct memory_owner *lender, uint32_t ref, bool writable,
                mfn_t mfn);

/*
 * After GRANT_PREPARE: makes the frame that the entry lends writable memory,
 * and then it is to be taken once more. No lock is held; takes the lender's
 * memory lock. *work is what is left of the caller's share. 0, or what
 * grant_take() says of a failure. -EAGAIN, too, when the lender has the frame
 * half let go as a table, or its lock was not to be had. -ERESTART: there is
 * too little work left. -ENOENT: the lender has ended.
 */
int grant_prepare(struct memory_owner *lender, uint32_t ref, uint32_t domain,
                  uint32_t *work);

/*
 * The next frame of m's own table, which is held (type_hold), and one of zeros
 * for its records. m's memory lock is held, and not that of the table.
 */
void grant_table_add(struct memory_owner *m, mfn_t table, mfn_t records);

/* Nobody takes anything of m's any more, which ends. The table's lock is not
 * held; others may be. */
void grant_table_close(struct memory_owner *m);

#endif

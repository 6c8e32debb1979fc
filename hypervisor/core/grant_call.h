/* SPDX-License-Identifier: MIT
 *
 * What the calls that take an array of grants have in common: how one begins
 * and ends, its share of work, and the lender whose lock it has.
 *
 * A call goes through its array under the caller's memory lock. Below that it
 * takes the lock of a lender's table, once for a run of elements of the same
 * lender, of GRANT_AT_A_TIME at most; it never has two of these. An element
 * that cannot be done has its -errno for a status, and the call goes on.
 *
 * Their way is what they cost, so the short path of an element is inline, and
 * all else is in grant_call.c.
 */
#ifndef HYPERVISOR_CORE_GRANT_CALL_H
#define HYPERVISOR_CORE_GRANT_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/grant.h"
#include "hypervisor/base/spinlock.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/guest_words.h"
#include "hypervisor/core/hypercall.h"
#include "hypervisor/core/memory.h"
#include "hypervisor/mm/grant.h"
#include "hypervisor/mm/grant_handle.h"
#include "hypervisor/mm/work.h"
#include "lib/macros.h"

#define GRANT_INLINE static inline __attribute__((always_inline))

#define GRANT_AT_A_TIME 32u

/* What the first round of a call takes of its share at most. */
#define GRANT_FIRST_WORK (GRANT_AT_A_TIME * WORK_GRANT_HOLD)
_Static_assert(GRANT_FIRST_WORK <= WORK_CALL &&
                   WORK_GRANT_MAP <= WORK_GRANT_HOLD &&
                   WORK_GRANT_UNMAP <= WORK_GRANT_HOLD &&
                   WORK_GRANT_RELEASE <= WORK_GRANT_HOLD,
               "a fresh share has room for it");

/*
 * In the place of an id: no lock is held; and one is, of a lender that has
 * ended, from which nothing is to be taken. No guest can say them, and their
 * lower halves are no domain's ids: these have the last place.
 */
#define GRANT_NOBODY (~0ul)
#define GRANT_ENDED (~(uint64_t)DOMAIN_PLACES)

/* Its address is handed on to inline functions only, so that the compiler has
 * its members in registers. */
struct grant_call {
    struct memory_owner *m; /* the caller's */
    uint32_t id;            /* and whose that is */
    uint64_t at;            /* the next element */
    uint64_t first;         /* and where they began */
    uint64_t locked_id;     /* the lender whose lock is held; see above */
    struct memory_owner *lender;
    uint64_t lent[2]; /* what entries are likely to say, and to write as well */
    uint64_t prepared; /* the element for which grant_prepare() was called */
    int error;         /* of an element that was not done */
    bool gone;         /* the caller's memory lock is not held any more */
};

static inline bool grant_call_has_waited(void)
{
    return this_cpu()->multicall_stop & MULTICALL_WAITED;
}

/* A call is refused before it has begun; returns the error. */
int64_t grant_call_refused(uint64_t elements, uint64_t nr);

/*
 * Takes the memory lock, for nr elements of so many bytes. 0, or what the call
 * returns.
 */
GRANT_INLINE int64_t grant_call_begin(struct grant_call *c, uint64_t elements,
                                      uint64_t nr, size_t size)
{
    struct cpu_info *cpu = this_cpu();
    struct domain *d = cpu->current->domain;

    c->m = &d->memory;
    c->id = d->id;
    c->first = c->at = elements;
    c->locked_id = GRANT_NOBODY;
    c->lender = NULL;
    c->lent[false] = c->lent[true] =
        PARAPET_GRANT_LEND | (uint64_t)c->id << GRANT_DOMAIN_SHIFT;
    c->prepared = GRANT_NOBODY; /* no element is there */
    c->error = 0;
    c->gone = false;
    if (__builtin_expect(nr > PARAPET_MAX_GRANT_ELEMENTS ||
                             elements % sizeof(uint64_t) != 0 ||
                             !guest_range_ok(elements, nr * size),
                         0))
        return grant_call_refused(elements, nr);
    if (__builtin_expect(!memory_begin(c->m), 0))
        return hypercall_again(cpu->current);
    if (__builtin_expect(c->m->releasing != FRAME_INFO_NONE, 0) &&
        (!table_release(c->m) || c->m->work < GRANT_FIRST_WORK))
        return memory_end(cpu->current, -PARAPET_ERESTART, 0);
    /* From here on it is about the locks of lenders. */
    cpu->multicall_stop &= ~MULTICALL_WAITED;
    return 0;
}

/*
 * Where the first round of a call ends, of nr elements at most, of so many
 * bytes and so much work each. A round is paid for before it begins, so that
 * what its elements need besides, as grant_prepare(), is of what is left.
 * There is work for the first: grant_call_begin() has looked.
 */
GRANT_INLINE uint64_t grant_call_first(const struct grant_call *c, uint64_t end,
                                       uint32_t nr, size_t size, uint32_t work)
{
    c->m->work -= nr * work;
    /* That far from the end of all addresses there may be no element. */
    return c->at + MIN(end - c->at, nr * size);
}

/*
 * The same of the next round; 0: too little is left for one element. After a
 * wait for a lender's lock, or for a flush, nothing is left: so a call waits
 * once.
 */
uint64_t grant_call_next(struct memory_owner *m, uint64_t at, uint64_t end,
                         uint32_t nr, size_t size, uint32_t work);

GRANT_INLINE void grant_call_unlock(struct grant_call *c)
{
    if (c->locked_id == GRANT_NOBODY)
        return;
    c->locked_id = GRANT_NOBODY;
    spin_unlock(&c->lender->grants.lock);
}

/* Leaves the lender that it is at, and goes to another one, whether it has
 * ended or not. False: there is none. */
GRANT_INLINE bool grant_call_enter(struct grant_call *c, uint32_t id)
{
    struct domain *d = domain_find(id);

    grant_call_unlock(c);
    c->lender = NULL;
    if (!d)
        return false;
    c->lender = &d->memory;
    spin_lock(&c->lender->grants.lock);
    c->locked_id = c->lender->grants.closed ? GRANT_ENDED : id;
    return true;
}

/*
 * The same to take something: of a lender that has ended there is nothing.
 * False: c->error is -ENOENT; or -ERESTART, when the call has waited for
 * another lender's lock, and is to end.
 */
GRANT_INLINE bool grant_call_enter_to_take(struct grant_call *c, uint32_t id)
{
    c->error = -PARAPET_ERESTART;
    if (c->at != c->first && grant_call_has_waited())
        return false;
    c->error = -PARAPET_ENOENT;
    return grant_call_enter(c, id) && c->locked_id == id;
}

/* As grant_take(), whose place it takes: *lent becomes what the word of the
 * entry says without marks. */
int grant_call_take_any(struct memory_owner *lender, uint64_t who, uint32_t id,
                        bool writable, uint64_t *lent, mfn_t *mfn);

/*
 * Takes what a lender lends to the caller: who is its id, and above it the
 * number of the entry, as in the elements. The lender's lock is held then.
 * MFN_NONE: c->error is what grant_take() says, or grant_call_enter_to_take().
 */
GRANT_INLINE mfn_t grant_call_take(struct grant_call *c, uint64_t who,
                                   bool writable)
{
    uint64_t lent;
    mfn_t mfn, any;

    if (__builtin_expect(c->locked_id != (uint32_t)who, 0) &&
        !grant_call_enter_to_take(c, (uint32_t)who))
        return MFN_NONE;
    if (__builtin_expect(grant_take_short(c->lender, (uint32_t)(who >> 32),
                                          c->id, c->lent[writable], writable,
                                          &mfn),
                         1))
        return mfn;
    lent = c->lent[writable];
    c->error =
        grant_call_take_any(c->lender, who, c->id, writable, &lent, &any);
    c->lent[writable] = lent;
    return c->error ? MFN_NONE : any;
}

/* Drops what a lender had lent who has ended since, and whose lock is held; or
 * who is gone, NULL: then only the reference is left to be dropped. */
void grant_call_drop_gone(struct memory_owner *lender, uint64_t who,
                          bool writable, mfn_t mfn);

/* Drops it; the lender may have ended since, or be gone. */
GRANT_INLINE void grant_call_drop(struct grant_call *c, uint64_t who,
                                  bool writable, mfn_t mfn)
{
    if (__builtin_expect(c->locked_id == (uint32_t)who, 1) ||
        (grant_call_enter(c, (uint32_t)who) && c->locked_id != GRANT_ENDED))
        grant_drop_open(c->lender, (uint32_t)(who >> 32), writable, mfn);
    else
        grant_call_drop_gone(c->lender, who, writable, mfn);
}

/* Drops what the mapping stands for, and frees its handle. */
GRANT_INLINE void grant_call_drop_mapping(struct grant_call *c,
                                          struct grant_mapping *mapping)
{
    if (mapping->writable)
        grant_call_drop(c, mapping->who, true, mapping->mfn);
    else
        grant_call_drop(c, mapping->who, false, mapping->mfn);
    grant_handle_free(c->m, mapping);
}

/* Takes the handle for what was taken. */
GRANT_INLINE void grant_take_handle(struct memory_owner *m,
                                    struct grant_mapping *mapping,
                                    enum grant_kind kind, uint64_t who,
                                    bool writable, mfn_t mfn)
{
    grant_handle_take(m, mapping);
    mapping->who = who;
    /* Each by itself: putting them together takes longer. */
    __atomic_store_n(&mapping->how, grant_how(kind, writable),
                     __ATOMIC_RELAXED);
    __atomic_store_n(&mapping->mfn, (uint32_t)mfn, __ATOMIC_RELAXED);
}

/*
 * Has the frame of the lender that c is at made what it must be (who: see
 * grant_call_take), while no lock is held: grant_prepare(). *gone: m's lock was
 * not to be had again, -ERESTART.
 */
int grant_call_prepare(struct memory_owner *m, uint64_t who, uint32_t id,
                       bool *gone);

/*
 * An element was not done, by c->error. GRANT_PREPARE: that was tried, and the
 * element is to be begun anew; it is not tried twice. -ERESTART: the call is to
 * end with it. 0: c->error is the element's status.
 */
GRANT_INLINE int64_t grant_call_failed(struct grant_call *c, uint64_t who)
{
    bool gone = false;

    if (c->error == GRANT_PREPARE && c->prepared == c->at) {
        c->error = -PARAPET_EAGAIN;
    } else if (c->error == GRANT_PREPARE) {
        grant_call_unlock(c);
        c->prepared = c->at;
        c->error = grant_call_prepare(c->m, who, c->id, &gone);
        c->gone = gone;
        if (c->error == 0)
            return GRANT_PREPARE;
    }
    return c->error == -PARAPET_ERESTART ? c->error : 0;
}

/* The last word of an element, or its only one: 0, or -EFAULT. */
GRANT_INLINE int64_t grant_tell_1(uint64_t vaddr, const uint32_t offset,
                                  uint64_t word)
{
    return __builtin_expect(guest_write_1(vaddr, offset, word), 1)
               ? 0
               : -PARAPET_EFAULT;
}

/*
 * The call ends with -ERESTART, which it returns, at an element that was begun,
 * so that its status may be 0 already: it becomes -ERESTART. status: its
 * address; what cannot be written there is left.
 */
int64_t grant_tell_again(uint64_t status);

/* Of a handle that is not there. */
__attribute__((cold)) int64_t grant_tell_none(uint64_t vaddr);

/* After a result that is an error; see grant_call_end(). */
int64_t grant_call_stopped(int64_t result, uint64_t done, bool gone);

/* Unlocks all, and passes the result on. */
GRANT_INLINE int64_t grant_call_end(struct grant_call *c, int64_t result,
                                    size_t size)
{
    grant_call_unlock(c);
    if (__builtin_expect(result != 0, 0))
        return grant_call_stopped(result, (c->at - c->first) / size, c->gone);
    if (__builtin_expect(c->m->releasing != FRAME_INFO_NONE, 0))
        (void)table_release(c->m);
    memory_unlock(c->m);
    return 0;
}

#endif

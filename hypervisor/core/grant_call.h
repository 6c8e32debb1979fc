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
#include "hypervisor/core/hypercall.h"
#include "hypervisor/core/memory.h"
#include "hypervisor/mm/grant.h"
#include "hypervisor/mm/grant_handle.h"
#include "lib/macros.h"

#define GRANT_INLINE static inline __attribute__((always_inline))

#define GRANT_AT_A_TIME 32u

#define GRANT_NOBODY (~0ul) /* is no id */

struct grant_call {
    struct memory_owner *m; /* the caller's */
    uint64_t at;            /* the next element */
    uint64_t end;           /* where they end */
    uint64_t first;         /* and where they began */
    uint64_t locked_id;     /* the lender whose lock is held, or GRANT_NOBODY */
    struct memory_owner *lender;
    uint64_t prepared; /* the element for which grant_prepare() was called */
    struct vcpu *v;
    uint32_t id; /* the caller's */
    bool gone;   /* the caller's memory lock is not held any more */
};

static inline bool grant_call_has_waited(void)
{
    return this_cpu()->multicall_stop & MULTICALL_WAITED;
}

/* The rare half of what follows. */
int64_t grant_call_refused(struct grant_call *c, uint64_t nr);
int64_t grant_call_stopped(struct grant_call *c, int64_t result, uint64_t done);

/*
 * Takes the memory lock, for nr elements of so many bytes. 0, or what the call
 * returns.
 */
GRANT_INLINE int64_t grant_call_begin(struct grant_call *c, uint64_t elements,
                                      uint64_t nr, size_t size)
{
    struct cpu_info *cpu = this_cpu();

    c->v = cpu->current;
    c->m = &c->v->domain->memory;
    c->id = c->v->domain->id;
    c->first = c->at = elements;
    c->end = elements + nr * size;
    c->locked_id = GRANT_NOBODY;
    c->prepared = GRANT_NOBODY; /* no element is there */
    c->gone = false;
    if (__builtin_expect(nr > PARAPET_MAX_GRANT_ELEMENTS ||
                             elements % sizeof(uint64_t) != 0 ||
                             !guest_range_ok(elements, nr * size),
                         0))
        return grant_call_refused(c, nr);
    if (__builtin_expect(!memory_begin(c->m), 0))
        return hypercall_again(c->v);
    if (__builtin_expect(c->m->releasing != FRAME_INFO_NONE, 0) &&
        !table_release(c->m))
        return memory_end(c->v, -PARAPET_ERESTART, 0);
    /* From here on it is about the locks of lenders. */
    cpu->multicall_stop &= ~MULTICALL_WAITED;
    return 0;
}

/*
 * Takes the work of the next elements, nr at most, each of so many bytes and so
 * much work; returns where they end, or 0 when too little is left for one.
 * After a wait for a lender's lock, or for a flush, nothing is left, but for
 * the first element: so a call waits once, and gets ahead.
 */
GRANT_INLINE uint64_t grant_call_share(struct grant_call *c, uint64_t nr,
                                       size_t size, uint32_t work)
{
    uint64_t bytes = MIN(c->end - c->at, nr * size);

    if (__builtin_expect(grant_call_has_waited(), 0) && c->at != c->first)
        return 0;
    if (__builtin_expect(
            work_take(&c->m->work, (uint32_t)bytes * (work / (uint32_t)size)),
            1))
        return c->at + bytes;
    return work_take(&c->m->work, work) ? c->at + size : 0;
}

GRANT_INLINE void grant_call_unlock(struct grant_call *c)
{
    if (c->locked_id == GRANT_NOBODY)
        return;
    c->locked_id = GRANT_NOBODY;
    spin_unlock(&c->lender->grants.lock);
}

/*
 * Leaves the lender that it is at, and takes the lock of the one with this id.
 * -ENOENT: there is none. grant_call_find() may also say -ERESTART, with no
 * lock: the call has waited for another one's, and is to end.
 */
int grant_call_enter(struct grant_call *c, uint32_t id);
int grant_call_find(struct grant_call *c, uint32_t id);

/* The lock of the lender with this id is held then, whether it lives or not. */
GRANT_INLINE int grant_call_lock(struct grant_call *c, uint32_t id)
{
    return __builtin_expect(c->locked_id == id, 1) ? 0 : grant_call_find(c, id);
}

/*
 * Takes what a lender lends to the caller: who is its id, and above it the
 * number of the entry, as in the elements. The lender's lock is held then. See
 * grant_take(); -ENOENT: there is no such lender, or it has ended; -ERESTART as
 * grant_call_find().
 */
GRANT_INLINE int grant_call_take(struct grant_call *c, uint64_t who,
                                 bool writable, mfn_t *mfn)
{
    int error = grant_call_lock(c, (uint32_t)who);

    if (__builtin_expect(error != 0, 0))
        return error;
    if (__builtin_expect(c->lender->grants.closed, 0))
        return -PARAPET_ENOENT;
    if (writable)
        return grant_take(c->lender, (uint32_t)(who >> 32), c->id, true, mfn);
    return grant_take(c->lender, (uint32_t)(who >> 32), c->id, false, mfn);
}

/*
 * Drops what the mapping stands for, and frees its handle. -ENOENT of
 * grant_call_lock() says that its lender is gone: then only the reference is
 * left to be dropped. Else the lender's lock is held.
 */
GRANT_INLINE void grant_call_drop(struct grant_call *c,
                                  struct grant_mapping *mapping, int gone)
{
    if (__builtin_expect(gone != 0, 0))
        type_put_foreign(mapping->mfn, mapping->writable);
    else if (mapping->writable)
        grant_drop(c->lender, mapping->ref, true, mapping->mfn);
    else
        grant_drop(c->lender, mapping->ref, false, mapping->mfn);
    grant_handle_free(c->m, mapping);
}

/*
 * An element was not done. GRANT_PREPARE: that was tried, and the element is to
 * be begun anew. -ERESTART: the call is to end with it. 0: *error is the
 * element's status.
 */
int64_t grant_call_failed(struct grant_call *c, int *error, uint64_t who);

/* Unlocks all, and passes the result on. */
GRANT_INLINE int64_t grant_call_end(struct grant_call *c, int64_t result,
                                    size_t size)
{
    grant_call_unlock(c);
    if (__builtin_expect(result != 0, 0))
        return grant_call_stopped(c, result, (c->at - c->first) / size);
    return memory_end(c->v, 0, 0);
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * What the calls that take an array of grants have in common: how one begins
 * and ends, its share of work, and the lender whose lock it has.
 *
 * A call goes through its array under the caller's memory lock. Below that it
 * takes the lock of a lender's table, once for a run of elements of the same
 * lender, of GRANT_AT_A_TIME at most; it never has two of these. An element
 * that cannot be done has its -errno for a status, and the call goes on.
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

#define GRANT_AT_A_TIME 32u

#define NO_LENDER (~0ul) /* no id is that */

struct grant_call {
    struct vcpu *v;
    struct memory_owner *m; /* the caller's */
    uint64_t first;         /* the elements: from here, */
    uint64_t at;            /* this one is next, */
    uint64_t end;           /* up to here */
    uint64_t prepared;      /* the one for which grant_prepare() was called */
    uint64_t lender_id;     /* of the next, or NO_LENDER */
    struct memory_owner *lender;
    uint32_t id; /* the caller's */
    bool locked; /* the lender's lock is held */
    bool gone;   /* the caller's memory lock is not */
};

static inline bool grant_call_has_waited(void)
{
    return this_cpu()->multicall_stop & MULTICALL_WAITED;
}

/*
 * Takes the memory lock, for nr elements of so many bytes. 0, or what the call
 * returns.
 */
static inline __attribute__((always_inline)) int64_t
grant_call_begin(struct grant_call *c, uint64_t elements, uint64_t nr,
                 size_t size)
{
    struct cpu_info *cpu = this_cpu();

    *c = (struct grant_call){.v = cpu->current,
                             .m = &cpu->current->domain->memory,
                             .id = cpu->current->domain->id,
                             .first = elements,
                             .at = elements,
                             .end = elements + nr * size,
                             .lender_id = NO_LENDER};
    if (nr > PARAPET_MAX_GRANT_ELEMENTS)
        return memory_refused(c->v, -PARAPET_E2BIG);
    if (elements % sizeof(uint64_t) != 0)
        return memory_refused(c->v, -PARAPET_EINVAL);
    if (!guest_range_ok(elements, nr * size))
        return memory_refused(c->v, -PARAPET_EFAULT);
    if (!memory_begin(c->m))
        return hypercall_again(c->v);
    if (c->m->releasing != FRAME_INFO_NONE && !table_release(c->m))
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
static inline __attribute__((always_inline)) uint64_t
grant_call_share(struct grant_call *c, uint64_t nr, size_t size, uint32_t work)
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

static inline void grant_call_unlock(struct grant_call *c)
{
    if (!c->locked)
        return;
    c->locked = false;
    spin_unlock(&c->lender->grants.lock);
}

/*
 * Finds another lender, and takes its lock. -ENOENT: there is none with this
 * id. -ERESTART: the call has waited for another one's lock, and is to end.
 */
int grant_call_find(struct grant_call *c, uint32_t id);

/* The lock of the lender with this id is held then, whether it lives or not. */
static inline __attribute__((always_inline)) int
grant_call_lock(struct grant_call *c, uint32_t id)
{
    if (__builtin_expect(c->lender_id != id, 0))
        return grant_call_find(c, id);
    if (!c->locked) {
        spin_lock(&c->lender->grants.lock);
        c->locked = true;
    }
    return 0;
}

/*
 * Takes what a lender lends to the caller: who is its id, and above it the
 * number of the entry, as in the elements. The lender's lock is held then. See
 * grant_take(); -ENOENT: there is no such lender, or it has ended; -ERESTART as
 * grant_call_find().
 */
static inline __attribute__((always_inline)) int
grant_call_take(struct grant_call *c, uint64_t who, bool writable, mfn_t *mfn)
{
    int error = grant_call_lock(c, (uint32_t)who);

    if (error)
        return error;
    if (__builtin_expect(c->lender->grants.closed, 0))
        return -PARAPET_ENOENT;
    return grant_take(c->lender, (uint32_t)(who >> 32), c->id, writable, mfn);
}

/*
 * Drops it, of a lender that may have ended, or be gone: then only the
 * reference is left to be dropped. Waits for the lender's lock, if it must.
 */
void grant_call_drop(struct grant_call *c, uint32_t lender, uint32_t ref,
                     bool writable, mfn_t mfn);

/*
 * An element was not done. GRANT_PREPARE: that was tried, and the element is to
 * be begun anew. -ERESTART: the call is to end with it. 0: *error is the
 * element's status.
 */
int64_t grant_call_failed(struct grant_call *c, int *error, uint64_t who);

/* Unlocks all, and passes the result on. */
static inline __attribute__((always_inline)) int64_t
grant_call_end(struct grant_call *c, int64_t result, size_t size)
{
    uint64_t done = 0;

    grant_call_unlock(c);
    if (__builtin_expect(result != 0, 0))
        done = (c->at - c->first) / size;
    if (__builtin_expect(!c->gone, 1))
        return memory_end(c->v, result, done);
    c->v->page->restart_done = done;
    return result;
}

#endif

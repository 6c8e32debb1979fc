/* SPDX-License-Identifier: MIT
 *
 * The rare half of the calls for grants.
 */
#include "hypervisor/core/grant_call.h"

#include "hypervisor/mm/work.h"

int grant_call_find(struct grant_call *c, uint32_t id)
{
    struct domain *d = domain_find(id);

    grant_call_unlock(c);
    if (!d)
        return -PARAPET_ENOENT;
    if (grant_call_has_waited() && c->at != c->first)
        return -PARAPET_ERESTART;
    c->lender_id = id;
    c->lender = &d->memory;
    c->locked = true;
    spin_lock(&c->lender->grants.lock);
    return 0;
}

void grant_call_drop(struct grant_call *c, uint32_t lender, uint32_t ref,
                     bool writable, mfn_t mfn)
{
    struct domain *d;

    if (c->lender_id != lender) {
        grant_call_unlock(c);
        d = domain_find(lender);
        if (!d) {
            type_put_foreign(mfn, writable);
            return;
        }
        c->lender_id = lender;
        c->lender = &d->memory;
    }
    (void)grant_call_lock(c, lender);
    grant_drop(c->lender, ref, writable, mfn);
}

/*
 * Has the lender's frame made what it must be, while no lock is held. 0: the
 * caller's memory lock is held again. -ERESTART: the call is to end; others are
 * the element's. An element is tried once more, but not twice.
 */
static int prepare(struct grant_call *c, uint64_t who)
{
    struct domain *lender = domain_find((uint32_t)who);
    uint32_t work = c->m->work;
    int error;

    if (!lender)
        return -PARAPET_ENOENT;
    if (c->prepared == c->at)
        return -PARAPET_EAGAIN;
    grant_call_unlock(c);
    c->m->work = WORK_CALL;
    memory_unlock(c->m);
    error = grant_prepare(&lender->memory, (uint32_t)(who >> 32), c->id, &work);
    if (!memory_lock(c->m)) {
        c->gone = true;
        return -PARAPET_ERESTART;
    }
    c->m->work = work;
    c->prepared = c->at;
    return error;
}

int64_t grant_call_failed(struct grant_call *c, int *error, uint64_t who)
{
    if (*error == GRANT_PREPARE) {
        *error = prepare(c, who);
        if (*error == 0)
            return GRANT_PREPARE;
    }
    return *error == -PARAPET_ERESTART ? *error : 0;
}

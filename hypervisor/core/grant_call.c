/* SPDX-License-Identifier: MIT
 *
 * The rare half of the calls for grants.
 */
#include "hypervisor/core/grant_call.h"

#include "hypervisor/mm/work.h"

int64_t grant_call_refused(struct grant_call *c, uint64_t nr)
{
    if (nr > PARAPET_MAX_GRANT_ELEMENTS)
        return memory_refused(c->v, -PARAPET_E2BIG);
    if (c->first % sizeof(uint64_t) != 0)
        return memory_refused(c->v, -PARAPET_EINVAL);
    return memory_refused(c->v, -PARAPET_EFAULT);
}

int64_t grant_call_stopped(struct grant_call *c, int64_t result, uint64_t done)
{
    if (!c->gone)
        return memory_end(c->v, result, done);
    c->v->page->restart_done = done;
    return result;
}

int grant_call_enter(struct grant_call *c, uint32_t id)
{
    struct domain *d = domain_find(id);

    grant_call_unlock(c);
    if (!d)
        return -PARAPET_ENOENT;
    c->lender = &d->memory;
    c->locked_id = id;
    spin_lock(&c->lender->grants.lock);
    return 0;
}

int grant_call_find(struct grant_call *c, uint32_t id)
{
    if (!grant_call_has_waited() || c->at == c->first)
        return grant_call_enter(c, id);
    grant_call_unlock(c);
    return -PARAPET_ERESTART;
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

/* SPDX-License-Identifier: MIT
 *
 * The rare half of the calls for grants.
 */
#include "hypervisor/core/grant_call.h"

#include "hypervisor/mm/work.h"

int64_t grant_call_refused(uint64_t elements, uint64_t nr)
{
    if (nr > PARAPET_MAX_GRANT_ELEMENTS)
        return memory_refused(vcpu_current(), -PARAPET_E2BIG);
    if (elements % sizeof(uint64_t) != 0)
        return memory_refused(vcpu_current(), -PARAPET_EINVAL);
    return memory_refused(vcpu_current(), -PARAPET_EFAULT);
}

int64_t grant_call_stopped(int64_t result, uint64_t done, bool gone)
{
    struct vcpu *v = vcpu_current();

    if (!gone)
        return memory_end(v, result, done);
    v->page->restart_done = done;
    return result;
}

uint64_t grant_call_next(struct memory_owner *m, uint64_t at, uint64_t end,
                         uint32_t nr, size_t size, uint32_t work)
{
    if (grant_call_has_waited() || m->work < work)
        return 0;
    if (nr > m->work / work)
        nr = m->work / work;
    m->work -= nr * work;
    return at + MIN(end - at, nr * size);
}

int grant_call_take_any(struct memory_owner *lender, uint64_t who, uint32_t id,
                        bool writable, uint64_t *lent, mfn_t *mfn)
{
    const uint32_t ref = (uint32_t)(who >> 32);
    int error = grant_take(lender, ref, id, writable, mfn);
    uint64_t word;

    if (error)
        return error;
    word = __atomic_load_n(&grant_entry(&lender->grants, ref)->word,
                           __ATOMIC_RELAXED);
    word &= ~(uint64_t)(PARAPET_GRANT_READING | PARAPET_GRANT_WRITING);
    if (grant_is_lent(word, id, writable))
        *lent = word;
    return 0;
}

void grant_call_drop_gone(struct memory_owner *lender, uint64_t who,
                          bool writable, mfn_t mfn)
{
    if (lender)
        grant_drop(lender, (uint32_t)(who >> 32), writable, mfn);
    else
        type_put_foreign(mfn, writable);
}

int grant_call_prepare(struct memory_owner *m, uint64_t who, uint32_t id,
                       bool *gone)
{
    struct domain *lender = domain_find((uint32_t)who);
    uint32_t work = m->work;
    int error;

    if (!lender)
        return -PARAPET_ENOENT;
    m->work = WORK_CALL;
    memory_unlock(m);
    error = grant_prepare(&lender->memory, (uint32_t)(who >> 32), id, &work);
    if (!memory_lock(m)) {
        *gone = true;
        return -PARAPET_ERESTART;
    }
    m->work = work;
    return error;
}

int64_t grant_tell_again(uint64_t status)
{
    const int32_t again = -PARAPET_ERESTART;

    (void)copy_to_guest(status, &again, sizeof(again));
    return again;
}

int64_t grant_tell_none(uint64_t vaddr)
{
    const int32_t status = -PARAPET_ENOENT;

    vaddr += offsetof(struct parapet_grant_unmap, status);
    return copy_to_guest(vaddr, &status, sizeof(status));
}

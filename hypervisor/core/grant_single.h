/* SPDX-License-Identifier: MIT
 *
 * The short way of a call that has one element, in a few steps for all.
 *
 * It does what the ordinary way does, in the same order, as long as all is as
 * usual: both locks are free, the entry is not in use, and so on. Else it
 * leaves with nothing done, false, and the ordinary way begins anew. So it
 * waits for nobody, and knows no errors.
 */
#ifndef HYPERVISOR_CORE_GRANT_SINGLE_H
#define HYPERVISOR_CORE_GRANT_SINGLE_H

#include "hypervisor/core/grant_call.h"

/* The caller, whose memory lock is held then; NULL: the short way is not to be
 * had. */
GRANT_INLINE struct domain *grant_single_begin(uint64_t element, size_t size)
{
    struct domain *d = vcpu_current()->domain;

    if (__builtin_expect(element % sizeof(uint64_t) != 0 ||
                             !guest_range_ok(element, size),
                         0) ||
        !turn_lock_take_free(&d->memory.lock))
        return NULL;
    if (__builtin_expect(d->memory.releasing == FRAME_INFO_NONE, 1))
        return d;
    memory_unlock(&d->memory);
    return NULL;
}

/* The lender, the lock of whose table is held then; NULL as above. who: as in
 * the elements. */
GRANT_INLINE struct memory_owner *grant_single_lender(uint64_t who)
{
    struct domain *d = domain_find((uint32_t)who);

    if (__builtin_expect(!d, 0) || !spin_lock_free(&d->memory.grants.lock))
        return NULL;
    if (__builtin_expect(!d->memory.grants.closed, 1))
        return &d->memory;
    spin_unlock(&d->memory.grants.lock);
    return NULL;
}

/* What the ordinary way has come to after the short one has begun the element,
 * whose status is at this address. */
GRANT_INLINE int64_t grant_single_end(int64_t result, uint64_t status)
{
    return result == -PARAPET_ERESTART ? grant_tell_again(status) : result;
}

/* As grant_take_short(), for domain d. */
GRANT_INLINE bool grant_single_take(struct memory_owner *lender, uint64_t who,
                                    const struct domain *d, bool writable,
                                    mfn_t *mfn)
{
    return grant_take_short(lender, (uint32_t)(who >> 32), d->id,
                            PARAPET_GRANT_LEND | (uint64_t)d->id
                                                     << GRANT_DOMAIN_SHIFT,
                            writable, mfn);
}

#endif

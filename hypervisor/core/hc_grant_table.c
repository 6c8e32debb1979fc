/* SPDX-License-Identifier: MIT
 *
 * The caller's own table of what it lends: it grows, and is told about.
 */
#include "abi/errors.h"
#include "abi/grant.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/hypercall.h"
#include "hypervisor/core/memory.h"
#include "hypervisor/mm/grant.h"
#include "hypervisor/mm/work.h"

static uint32_t nr_frames(const struct memory_owner *m)
{
    return m->grants.nr_entries / PARAPET_GRANTS_PER_FRAME;
}

/* m's lock is held. */
static int64_t grow(struct memory_owner *m, mfn_t table)
{
    mfn_t records;
    int error;

    /* Nobody else makes it grow: the memory lock is held. */
    if (nr_frames(m) == PARAPET_MAX_GRANT_FRAMES || !owner_may_have(m, 1))
        return -PARAPET_ENOSPC;
    if (!work_take(&m->work, WORK_GROW))
        return -PARAPET_ERESTART;
    records = frame_alloc_zeroed();
    if (records == MFN_NONE)
        return -PARAPET_ENOMEM;
    error = type_hold_in_use(m, table);
    if (error) {
        frame_free(records);
        return error;
    }
    m->nr_charged++;
    grant_table_add(m, table, records);
    return nr_frames(m);
}

/*
 * grant_grow: a frame of the caller's, writable memory, becomes the next of its
 * table, until its end; what is in it is what it lends. Returns how many frames
 * the table has. EPERM: it is not the caller's. EBUSY: it is a page table, or
 * it is such a frame or another one that the hypervisor writes to already.
 * ENOSPC: the table has as many as it can have, or the domain has all the
 * frames that it may have, of which the hypervisor's record takes one. ENOMEM:
 * there is no memory for that. ERESTART: call again.
 */
int64_t hc_grant_grow(uint64_t mfn)
{
    struct vcpu *v = vcpu_current();
    struct memory_owner *m = &v->domain->memory;
    int64_t result = -PARAPET_ERESTART;

    if (!memory_begin(m))
        return hypercall_again(v);
    if (table_release(m))
        result = grow(m, mfn);
    if (result < 0)
        return memory_end(v, result, 0);
    (void)memory_end(v, 0, 0);
    return result;
}

/*
 * grant_status: what the hypervisor knows of the caller's entry ref, and
 * numbers of the caller's; see struct parapet_grant_status. EINVAL: its table
 * has no such entry. EFAULT: status cannot be written.
 */
int64_t hc_grant_status(uint32_t ref, uint64_t status)
{
    struct memory_owner *m = &vcpu_current()->domain->memory;
    struct parapet_grant_status s = {
        .max_frames = PARAPET_MAX_GRANT_FRAMES,
        .max_handles = PARAPET_MAX_HANDLES,
        .nr_handles = __atomic_load_n(&m->handles.nr_used, __ATOMIC_RELAXED),
    };
    bool found;

    spin_lock(&m->grants.lock);
    s.nr_frames = nr_frames(m);
    found = ref < m->grants.nr_entries;
    if (found) {
        const struct grant_record *r = grant_record(&m->grants, ref);

        s.readers = r->readers;
        s.writers = r->writers;
        s.frame = s.readers | s.writers ? r->mfn : 0;
    }
    spin_unlock(&m->grants.lock);
    if (!found)
        return -PARAPET_EINVAL;
    return copy_to_guest(status, &s, sizeof(s)) ? -PARAPET_EFAULT : 0;
}

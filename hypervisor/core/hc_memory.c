/* SPDX-License-Identifier: MIT
 *
 * Hypercalls that move frames between the domain and the machine, and tell how
 * many there are; and the audit.
 */
#include "abi/errors.h"
#include "abi/memory.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/hypercall.h"
#include "hypervisor/core/memory.h"
#include "hypervisor/mm/audit.h"

int64_t memory_check_array(uint64_t vaddr, uint64_t nr, size_t entry_size)
{
    if (nr > PARAPET_MAX_FRAMES)
        return -PARAPET_E2BIG;
    if (vaddr % sizeof(uint64_t) != 0)
        return -PARAPET_EINVAL;
    return guest_range_ok(vaddr, nr * entry_size) ? 0 : -PARAPET_EFAULT;
}

/*
 * memory_give_back: the frames mfns[0..nr_mfns) go back to the machine.
 * EFAULT: one cannot be read. EINVAL: mfns is not aligned to 8. E2BIG: more
 * than PARAPET_MAX_FRAMES. EPERM: it is not the domain's. EBUSY: something
 * refers to it. On any failure restart_done of them are done; ERESTART: go on
 * after them.
 */
int64_t hc_memory_give_back(uint64_t mfns, uint64_t nr_mfns)
{
    struct vcpu *v = vcpu_current();
    struct memory_owner *m = &v->domain->memory;
    int64_t result = memory_check_array(mfns, nr_mfns, sizeof(uint64_t));
    uint64_t done = 0;
    uint64_t mfn;

    if (result)
        return memory_refused(v, result);
    if (!memory_begin(m))
        return hypercall_again(v);
    while (result == 0 && done < nr_mfns) {
        if (!table_release(m) || !work_take(&m->work, WORK_GIVE_BACK))
            result = -PARAPET_ERESTART;
        else if (copy_from_guest(&mfn, mfns + done * sizeof(mfn), sizeof(mfn)))
            result = -PARAPET_EFAULT;
        else
            result = type_take_back(m, mfn);
        if (result == 0)
            done++;
    }
    return memory_end(v, result, done);
}

int64_t memory_populate_one(struct memory_owner *m, uint64_t vaddr)
{
    struct parapet_populate entry;

    if (copy_from_guest(&entry, vaddr, sizeof(entry)))
        return -PARAPET_EFAULT;
    if (entry.gfn >= m->nr_gfns)
        return -PARAPET_EINVAL;
    if (!owner_may_have(m, 1))
        return -PARAPET_ENOSPC;
    entry.mfn = frame_alloc_zeroed();
    if (entry.mfn == MFN_NONE)
        return -PARAPET_ENOMEM;
    type_give(m, entry.mfn, entry.gfn);
    if (copy_to_guest(vaddr, &entry, sizeof(entry))) {
        (void)type_take_back(m, entry.mfn);
        return -PARAPET_EFAULT;
    }
    return 0;
}

/*
 * memory_populate: gives a zeroed frame for the gfn of each
 * frames[0..nr_frames) and stores its mfn there. The M2P says so; P2M and
 * mappings are the guest's to make. EFAULT: an entry cannot be read or written.
 * EINVAL: frames is not aligned to 8, or a gfn is not below nr_gfns. ENOMEM:
 * the machine has none. ENOSPC: the domain has all that it may have. E2BIG:
 * more than PARAPET_MAX_FRAMES. On any failure restart_done of them are done;
 * ERESTART: go on after them.
 */
int64_t hc_memory_populate(uint64_t frames, uint64_t nr_frames)
{
    struct vcpu *v = vcpu_current();
    struct memory_owner *m = &v->domain->memory;
    int64_t result =
        memory_check_array(frames, nr_frames, sizeof(struct parapet_populate));
    uint64_t done = 0;

    if (result)
        return memory_refused(v, result);
    if (!memory_begin(m))
        return hypercall_again(v);
    while (result == 0 && done < nr_frames) {
        result = -PARAPET_ERESTART;
        if (table_release(m) && work_take(&m->work, WORK_POPULATE))
            result = memory_populate_one(
                m, frames + done * sizeof(struct parapet_populate));
        if (result == 0)
            done++;
    }
    return memory_end(v, result, done);
}

/*
 * memory_limits: EFAULT: limits cannot be written. It takes no lock: each
 * number is right, at some time.
 */
int64_t hc_memory_limits(uint64_t limits)
{
    struct memory_owner *m = &vcpu_current()->domain->memory;
    struct parapet_memory_limits l;

    l.nr_frames = __atomic_load_n(&m->nr_frames, __ATOMIC_RELAXED);
    l.max_frames = __atomic_load_n(&m->max_frames, __ATOMIC_RELAXED);
    l.nr_gfns = m->nr_gfns;
    l.nr_mfns = nr_frame_infos;
    l.max_references = STATE_REFERENCES_FULL;
    l.nr_charged = __atomic_load_n(&m->nr_charged, __ATOMIC_RELAXED);
    return copy_to_guest(limits, &l, sizeof(l)) ? -PARAPET_EFAULT : 0;
}

/*
 * memory_audit: counts all references to the domain's frames anew, and returns
 * how many differences there are. It is for tests, and looks at all of memory
 * in one go. EPERM: the boot line does not have audit=on.
 */
int64_t hc_memory_audit(void)
{
    if (!audit_enabled)
        return -PARAPET_EPERM;
    return (int64_t)memory_audit(vcpu_current()->domain);
}

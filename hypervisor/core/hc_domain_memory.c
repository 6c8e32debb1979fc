/* SPDX-License-Identifier: MIT
 *
 * Domain control: the memory of another domain. Its memory lock is held
 * meanwhile, as by a hypercall of its own, so the rules are the same: no table
 * is written to, and no frame that is not its own is touched.
 */
#include "abi/domain.h"
#include "abi/errors.h"
#include "abi/memory.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/hc_domain.h"
#include "hypervisor/core/hypercall.h"
#include "hypervisor/core/memory.h"
#include "hypervisor/mm/audit.h"
#include "hypervisor/mm/frame.h"
#include "lib/macros.h"

static bool is_in_state(const struct domain *d, enum hc_domain_when when)
{
    enum domain_state state = __atomic_load_n(&d->state, __ATOMIC_SEQ_CST);

    switch (when) {
    case WHEN_BUILDING:
        return state == DOMAIN_BUILDING;
    case WHEN_LIVING:
        return state != DOMAIN_ENDED;
    default:
        return true;
    }
}

int64_t hc_domain_lock(struct domain *d, enum hc_domain_when when)
{
    struct vcpu *v = vcpu_current();

    memory_refused(v, 0);
    if (!memory_begin(&d->memory))
        return hypercall_again(v);
    if (!is_in_state(d, when))
        return hc_domain_memory_end(d, -PARAPET_EBUSY, 0);
    return 0;
}

int64_t hc_domain_memory_begin(struct domain *d, enum hc_domain_when when)
{
    int64_t result = hc_domain_lock(d, when);

    if (result == 0 && !table_release(&d->memory))
        result = hc_domain_memory_end(d, -PARAPET_ERESTART, 0);
    return result;
}

int64_t hc_domain_memory_end(struct domain *d, int64_t result, uint64_t done)
{
    struct vcpu *v = vcpu_current();
    struct memory_owner *m = &d->memory;

    if (result < 0) {
        v->page->restart_done = done;
        v->page->failed_entry = m->failed_entry;
    }
    if (result == -PARAPET_ERESTART)
        this_cpu()->multicall_stop |= MULTICALL_REPEAT;
    /* The shortest paths of the domain's own do not begin a share. */
    m->work = WORK_CALL;
    memory_unlock(m);
    return result;
}

/* So many entries are read at once, and written. */
#define POPULATE_BATCH 8u

/* For each; with DEBUG=1 one that is taken back is filled, too. */
#define WORK_BATCHED (WORK_POPULATE + WORK_FILL)

/* Frames for the batch's first entries; returns for how many. */
static uint64_t give_frames(struct memory_owner *m,
                            struct parapet_populate *batch, uint64_t nr)
{
    uint64_t i;

    while (nr > 0 && !owner_may_have(m, nr))
        nr--;
    for (i = 0; i < nr; i++) {
        if (batch[i].gfn >= m->nr_gfns)
            break;
        batch[i].mfn = frame_alloc_zeroed();
        if (batch[i].mfn == MFN_NONE)
            break;
        type_give(m, batch[i].mfn, batch[i].gfn);
    }
    return i;
}

/* Returns for how many of the entries there are frames, which is told; the
 * next, if there is one, is to be tried by itself. */
static uint64_t populate_batch(struct memory_owner *m, uint64_t vaddr,
                               uint64_t nr)
{
    struct parapet_populate batch[POPULATE_BATCH];
    uint64_t given;

    if (copy_from_guest(batch, vaddr, nr * sizeof(batch[0])))
        return 0;
    given = give_frames(m, batch, nr);
    if (!copy_to_guest(vaddr, batch, given * sizeof(batch[0])))
        return given;
    for (uint64_t i = 0; i < given; i++)
        (void)type_take_back(m, batch[i].mfn);
    return 0;
}

/*
 * Frames for nr entries, a batch at most, whose work was taken. An entry at
 * which the batch stops is tried by itself, and says the error. When it has
 * none, -ERESTART: what the batch took back has used up work for two. *done
 * counts those that are done.
 */
static int64_t populate_some(struct memory_owner *m, uint64_t frames,
                             uint64_t nr, uint64_t *done)
{
    const size_t size = sizeof(struct parapet_populate);
    uint64_t given = populate_batch(m, frames + *done * size, nr);
    int64_t result;

    *done += given;
    if (given == nr)
        return 0;
    result = memory_populate_one(m, frames + *done * size);
    if (result)
        return result;
    (*done)++;
    return -PARAPET_ERESTART;
}

/*
 * domain_populate: as memory_populate, for a domain that is being built. Also
 * ENOENT: no such domain. EBUSY: it is not being built. EINVAL: it is the
 * caller.
 */
int64_t hc_domain_populate(uint32_t domain, uint64_t frames, uint64_t nr_frames)
{
    const size_t size = sizeof(struct parapet_populate);
    struct memory_owner *m;
    struct domain *d;
    uint64_t done = 0;
    int64_t result = hc_domain_find_other(domain, &d);

    if (!result)
        result = memory_check_array(frames, nr_frames, size);
    if (result)
        return memory_refused(vcpu_current(), result);
    result = hc_domain_memory_begin(d, WHEN_BUILDING);
    if (result)
        return result;
    m = &d->memory;
    while (result == 0 && done < nr_frames) {
        uint64_t nr = MIN(nr_frames - done, (uint64_t)POPULATE_BATCH);

        nr = MIN(nr, (uint64_t)(m->work / WORK_BATCHED));
        result = -PARAPET_ERESTART;
        if (nr && work_take(&m->work, (uint32_t)nr * WORK_BATCHED))
            result = populate_some(m, frames, nr, &done);
    }
    return hc_domain_memory_end(d, result, done);
}

/* ---- copies ---- */

/* A copy of a frame's bytes costs no more. */
#define WORK_COPY (PAGE_SIZE / 8 * 6 + 200)

_Static_assert(WORK_COPY + WORK_CHANGE + WORK_RELEASE <= WORK_CALL,
               "a copy gets ahead");

/* Whether [maddr, maddr + length) lies in one frame. */
static int64_t check_range(uint64_t maddr, uint64_t length)
{
    bool good = length <= PAGE_SIZE && maddr % PAGE_SIZE + length <= PAGE_SIZE;

    return good ? 0 : -PARAPET_EINVAL;
}

static uint8_t *at_maddr(uint64_t maddr)
{
    return (uint8_t *)frame_vaddr(maddr >> PAGE_SHIFT) + maddr % PAGE_SIZE;
}

/* The target, found and locked, with the work of a copy taken; or the error,
 * without the lock. */
static int64_t copy_begin(uint32_t domain, uint64_t maddr, uint64_t length,
                          enum hc_domain_when when, struct domain **d)
{
    int64_t result = hc_domain_find_other(domain, d);

    if (!result)
        result = check_range(maddr, length);
    if (!result)
        result = hc_domain_memory_begin(*d, when);
    if (!result && !work_take(&(*d)->memory.work, WORK_COPY))
        result = hc_domain_memory_end(*d, -PARAPET_ERESTART, 0);
    return result;
}

/*
 * domain_copy_to: buffer[0..length) to machine address maddr, within a frame of
 * the domain's. While it is written the frame is writable memory, so that it
 * cannot become a table. EFAULT: the buffer cannot be read; what could be may
 * be written. EINVAL: it is not within one frame, or it is the caller. ENOENT:
 * no such domain. EPERM: the frame is not the domain's. EBUSY: it is a table,
 * or one that the guest may only read; or the domain has ended. ENOSPC: the
 * frame has too many references. ERESTART: call again, nothing was done.
 */
int64_t hc_domain_copy_to(uint32_t domain, uint64_t maddr, uint64_t buffer,
                          uint64_t length)
{
    struct domain *d;
    int64_t result = copy_begin(domain, maddr, length, WHEN_LIVING, &d);

    if (result)
        return result;
    result = type_get_writable(&d->memory, maddr >> PAGE_SHIFT);
    if (result == 0) {
        result = copy_from_guest(at_maddr(maddr), buffer, length);
        type_put_writable(maddr >> PAGE_SHIFT);
    }
    return hc_domain_memory_end(d, result, 0);
}

/*
 * domain_copy_from: the same the other way; of any frame of the domain's, a
 * table as well, and of a domain that has ended. EFAULT: the buffer cannot be
 * written; some of it may be.
 */
int64_t hc_domain_copy_from(uint32_t domain, uint64_t maddr, uint64_t buffer,
                            uint64_t length)
{
    struct domain *d;
    int64_t result = copy_begin(domain, maddr, length, WHEN_THERE, &d);

    if (result)
        return result;
    result = frame_is_left(maddr >> PAGE_SHIFT)
                 ? -PARAPET_EPERM
                 : type_get(&d->memory, maddr >> PAGE_SHIFT);
    if (result == 0) {
        result = copy_to_guest(buffer, at_maddr(maddr), length);
        type_put(maddr >> PAGE_SHIFT);
    }
    return hc_domain_memory_end(d, result, 0);
}

/*
 * domain_audit: as memory_audit, of another domain. ENOENT: no such domain.
 * EPERM: the boot line does not have audit=on.
 */
int64_t hc_domain_audit(uint32_t domain)
{
    struct domain *d;
    int64_t result = hc_domain_find(domain, &d);

    if (result)
        return result;
    if (!audit_enabled)
        return -PARAPET_EPERM;
    return (int64_t)memory_audit(d);
}

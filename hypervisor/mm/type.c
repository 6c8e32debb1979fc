/* SPDX-License-Identifier: MIT
 *
 * The invariant on which isolation rests
 * ======================================
 *
 * A guest's page tables are the CPU's. If it could write to one unseen, it
 * could map any frame of the machine. So:
 *
 *   (1) A table that a CPU may walk is valid: each of its present entries was
 *       checked, and holds a reference to what it refers to.
 *   (2) No guest can write to a table, but through mm/table.c.
 *   (3) An entry refers to frames of its own domain only; of level 4, also to
 *       the hypervisor's tables, in the slots that are the hypervisor's; of
 *       level 1, also to a frame that another domain lends, and to a page of a
 *       device that the boot line announced.
 *
 * (1) and (2) follow from one rule about types. Each frame has one type at a
 * time: a table of some kind, or writable memory, or none. A reference that
 * needs a type counts as one: an entry of level 2 to 4 needs its frame to be a
 * table of the level below; a writable mapping needs writable memory; a pin and
 * a root in use need a table. While the count is not zero the type stays. So a
 * table has no writable mapping, whoever comes first: the second one is
 * refused. A read-only mapping needs no type. It is a plain reference, and
 * keeps the owner from changing: references of any kind must be gone for that.
 *
 * When the type count of a table falls to 0, nothing holds it as a table any
 * more, and its entries have to be let go: entries [0, nr_valid) hold
 * references, and they are dropped from the last to the first (mm/table.c,
 * which can stop and go on). Only with nr_valid at 0 may the type change. A
 * table that is being checked goes the same way upward: while the check runs,
 * the claim is its one count, but it is not valid; one that has stopped
 * half-way has count 0, and is not writable either, since nr_valid is not 0.
 *
 * Time is the other half. A CPU may go on using a translation after the entry
 * is gone: a frame that was writable memory may still be written through a
 * stale TLB entry when it has become a table, and a frame that was a table may
 * still be walked through a paging-structure cache when the guest writes to
 * it. Every reference by which a CPU may have translated stamps its frame with
 * the flush clock (mm/tlb.h) when it is dropped, and a change of type or owner
 * first has every CPU flush that may have used the domain's tables and has not
 * flushed since. What the guest flushes, or forgets to, matters to itself only.
 *
 * A lent frame stays its owner's, and has references of others: plain ones of
 * who may read it, and of who may write it such that insist on writable memory.
 * So it keeps its owner, and while others write to it, it is no table. An entry
 * of level 1 that maps one has PARAPET_PTE_FOREIGN. Who checks a table, or lets
 * one go, takes each address for a frame of the domain's own, and must never
 * meet such an entry. Therefore the entry holds a type count on its own table,
 * which thereby stays one; the table is marked (STATE_FOREIGN), so that no
 * short path changes it; and no guest changes the entry, but
 * table_unmap_foreign() takes it away.
 *
 * A page of a device's registers is no frame: nobody has references to it, and
 * nothing becomes of it when the last mapping goes. It is RAM nowhere, and
 * holds nothing of the hypervisor's (mm/device_page.h has the list). An entry
 * that maps one is as one that maps a lent frame, by the same mark and the same
 * count on its table, and PARAPET_PTE_UNCACHED tells the two apart: no guest
 * can set it. The owner has a record of each (struct device_maps), and
 * device_page_end() clears them before its tables go. What the device itself
 * reads and writes, no table limits; so whoever drives one is trusted, and when
 * he ends each device is reset before any frame goes back (core/device.h).
 *
 * A stamp cannot speak for what others translate: it is compared with the CPUs
 * of the frame's owner. So a reference to a lent frame is dropped only when all
 * CPUs that may have used the tables of the domain that had it have flushed
 * later than the entry went. type_put_foreign() relies on it.
 *
 * An owner that ends does not wait for others. What they refer to is left
 * behind (TYPE_LEFT), by the compare-and-exchange that finds their references:
 * it is in no list and has no gfn, nobody gets another reference, and it names
 * its owner still. Whoever drops the last reference gives the frame back. Until
 * none is left (owner_nr_left()) no other owner has the same number.
 *
 * An owner has a list of its frames, and a frame is in the list of the owner
 * that its word names: from type_give() to type_take_back(), both under the
 * owner's lock, or until it is left behind. So what concerns one domain (its
 * audit, its end) costs by its size and not by the machine's. Frames of nobody
 * are in no list; that they are nobody's and that each owner's list has all
 * that name it is asked by an audit of the whole machine.
 *
 * Who may change what: references and the counts of writable memory change by
 * compare-and-exchange, by anybody. Types, validity and the counts of tables
 * change under the owner's lock, by compare-and-exchange too, since the counts
 * live in the same word. So writable memory can be lent to other domains, and a
 * table cannot.
 */
#include "hypervisor/mm/type.h"

#include "abi/errors.h"
#include "hypervisor/base/bug.h"
#include "hypervisor/mm/m2p.h"
#include "hypervisor/mm/work.h"
#include "lib/macros.h"
#include "lib/string.h"

#define MAX_OWNERS ((STATE_OWNER >> STATE_OWNER_SHIFT) + 1)

static uint32_t nr_left[MAX_OWNERS]; /* atomic */

struct frame_info *frame_infos;
struct frame_links *frame_links;
uint64_t nr_frame_infos;

bool type_init(uint64_t nr_frames)
{
    mfn_t infos = frame_alloc_run(NR_PAGES(nr_frames * sizeof(*frame_infos)));
    mfn_t links = frame_alloc_run(NR_PAGES(nr_frames * sizeof(*frame_links)));

    BUG_ON(nr_frames > FRAME_INFO_NONE);
    if (infos == MFN_NONE || links == MFN_NONE)
        return false;
    frame_infos = frame_vaddr(infos);
    frame_links = frame_vaddr(links);
    nr_frame_infos = nr_frames;
    memset(nr_left, 0, sizeof(nr_left));
    return true;
}

void type_owner_init(struct memory_owner *m, unsigned int id)
{
    BUG_ON(id == 0 || id >> 12 != 0);
    memset(m, 0, sizeof(*m));
    turn_lock_init(&m->lock, LOCK_memory);
    spin_init(&m->grants.lock, LOCK_grant, id);
    m->owner = (uint64_t)id << STATE_OWNER_SHIFT;
    m->valid_writable = m->owner | TYPE_STATE(TYPE_WRITABLE) | STATE_VALID;
    m->valid_l1 = m->owner | TYPE_STATE(TYPE_L1) | STATE_VALID;
    m->frames = FRAME_INFO_NONE;
    m->releasing = FRAME_INFO_NONE;
    m->work = UINT32_MAX; /* until there is a hypercall */
}

int type_get_slow(struct memory_owner *m, mfn_t mfn)
{
    if (mfn >= nr_frame_infos ||
        (frame_state(frame_info(mfn)) & STATE_OWNER) != m->owner)
        return -PARAPET_EPERM;
    return -PARAPET_ENOSPC;
}

void type_stamp_slow(struct frame_info *f)
{
    uint64_t now = tlb_clock_now();
    uint64_t old = __atomic_load_n(&f->stamp, __ATOMIC_RELAXED);

    while (old < now &&
           !__atomic_compare_exchange_n(&f->stamp, &old, now, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
        ;
}

/* No CPU translates to the frame any more. Returns the work that other CPUs
 * made in that. */
static uint32_t flush_stale(const struct memory_owner *m,
                            const struct frame_info *f)
{
    uint64_t cpus = __atomic_load_n(&m->tlb_cpus, __ATOMIC_SEQ_CST);
    uint32_t waits = tlb_flush_later_than(
        __atomic_load_n(&f->stamp, __ATOMIC_SEQ_CST), cpus);

    /* CPUs are numbered from 0, so the last one tells how many there are. */
    return (63 - (uint32_t)__builtin_clzl(cpus | 1)) * WORK_CPU +
           waits * WORK_WAIT;
}

bool type_claim(struct memory_owner *m, struct frame_info *f, uint64_t state,
                enum frame_type type)
{
    uint64_t to = (state & (STATE_OWNER | STATE_REFERENCES)) | TYPE_STATE(type);
    bool changes = state_type(state) != type;

    BUG_ON((state & (STATE_COUNT | STATE_PINNED | STATE_FOREIGN)) ||
           f->releasing || (changes && f->nr_valid != 0));
    if (!frame_state_change(f, &state, to + STATE_USE))
        return false;
    /* The stamp is read after the change: who dropped has stamped before. */
    if (changes)
        work_add(&m->work, flush_stale(m, f));
    return true;
}

/*
 * A frame that was given and has had no use since, of an owner that no CPU
 * knows, as one that is being built: nothing translates to it, and with no
 * reference nothing will. So it becomes writable memory in one step.
 */
static inline bool is_new(const struct memory_owner *m,
                          const struct frame_info *f, uint64_t state)
{
    if (state != m->owner ||
        __atomic_load_n(&m->tlb_cpus, __ATOMIC_SEQ_CST) != 0)
        return false;
    ASSERT(f->nr_valid == 0 && !f->releasing); /* it has never been a table */
    return true;
}

int type_get_writable_slow(struct memory_owner *m, mfn_t mfn)
{
    struct frame_info *f;
    uint64_t state;

    if (mfn >= nr_frame_infos)
        return -PARAPET_EPERM;
    f = frame_info(mfn);
    for (;;) {
        state = frame_state(f);
        if (is_new(m, f, state)) {
            if (!work_take(&m->work, WORK_NEW))
                return -PARAPET_ERESTART;
            if (frame_state_change(f, &state, m->valid_writable + STATE_USE))
                return 0;
            continue;
        }
        if ((state & STATE_OWNER) != m->owner)
            return -PARAPET_EPERM;
        if (state & STATE_FULL)
            return -PARAPET_ENOSPC;
        if (state_type(state) == TYPE_WRITABLE && (state & STATE_VALID)) {
            if (frame_state_change(f, &state, state + STATE_USE))
                return 0;
            continue;
        }
        if (state & STATE_COUNT)
            return -PARAPET_EBUSY;
        if (f->nr_valid != 0 || f->releasing) {
            table_release_later(m, mfn);
            return -PARAPET_ERESTART;
        }
        if (!work_take(&m->work, WORK_CHANGE))
            return -PARAPET_ERESTART;
        if (type_claim(m, f, state, TYPE_WRITABLE)) {
            type_validate(f);
            return 0;
        }
    }
}

int type_get_foreign_slow(const struct memory_owner *lender, mfn_t mfn,
                          bool writable)
{
    struct frame_info *f;
    uint64_t state;

    if (mfn >= nr_frame_infos)
        return -PARAPET_EPERM;
    f = frame_info(mfn);
    state = frame_state(f);
    do {
        if ((state & STATE_OWNER) != lender->owner ||
            state_type(state) == TYPE_LEFT)
            return -PARAPET_EPERM;
        if (state & STATE_FULL)
            return -PARAPET_ENOSPC;
        if ((state & STATE_COUNT) && (state_is_table(state) || writable) &&
            state_type(state) != TYPE_WRITABLE)
            return -PARAPET_EBUSY;
        if (writable)
            return -PARAPET_EAGAIN;
    } while (!frame_state_change(f, &state, state + STATE_REFERENCE));
    return 0;
}

void type_hold(struct memory_owner *m, mfn_t mfn, bool writable)
{
    struct frame_info *f = frame_info(mfn);
    uint64_t state;

    do {
        state = frame_state(f);
        BUG_ON((state & ~STATE_REFERENCES) != m->owner);
    } while (!type_claim(m, f, state, writable ? TYPE_WRITABLE : TYPE_NONE));
    m->nr_held++;
    f->held = 1;
    if (writable)
        type_validate(f);
}

int type_hold_in_use(struct memory_owner *m, mfn_t mfn)
{
    int error = type_get_writable(m, mfn);
    struct frame_info *f;

    if (error)
        return error;
    f = frame_info(mfn);
    if (f->held) {
        type_put_writable(mfn);
        return -PARAPET_EBUSY;
    }
    f->held = 1;
    m->nr_held++;
    return 0;
}

/* Puts the frame in front of its owner's others. */
static void link_frame(struct memory_owner *m, mfn_t mfn)
{
    uint32_t next = m->frames;

    frame_links[mfn].next = next;
    frame_links[mfn].previous = FRAME_INFO_NONE;
    if (next != FRAME_INFO_NONE)
        frame_links[next].previous = (uint32_t)mfn;
    m->frames = (uint32_t)mfn;
    m->nr_frames++;
}

static void unlink_frame(struct memory_owner *m, mfn_t mfn)
{
    struct frame_links links = frame_links[mfn];

    if (links.next != FRAME_INFO_NONE)
        frame_links[links.next].previous = links.previous;
    if (links.previous != FRAME_INFO_NONE)
        frame_links[links.previous].next = links.next;
    else
        m->frames = links.next;
    m->nr_frames--;
}

void type_give(struct memory_owner *m, mfn_t mfn, uint64_t gfn)
{
    struct frame_info *f = frame_info(mfn);

    BUG_ON(frame_state(f) != 0);
    f->next = FRAME_INFO_NONE;
    link_frame(m, mfn);
    /* In this order: an audit of the machine may look at the same time. */
    __atomic_store_n(&f->state, m->owner, __ATOMIC_SEQ_CST);
    m2p_set(mfn, gfn);
}

int type_take_back(struct memory_owner *m, mfn_t mfn)
{
    struct frame_info *f;
    uint64_t state, gfn;

    if (mfn >= nr_frame_infos)
        return -PARAPET_EPERM;
    f = frame_info(mfn);
    state = frame_state(f);
    if ((state & STATE_OWNER) != m->owner)
        return -PARAPET_EPERM;
    if ((f->nr_valid != 0 || f->releasing) && !(state & STATE_COUNT)) {
        table_release_later(m, mfn);
        return -PARAPET_ERESTART;
    }
    if (state & (STATE_REFERENCES | STATE_COUNT | STATE_PINNED))
        return -PARAPET_EBUSY;
    gfn = m2p[mfn];
    m2p_set(mfn, PARAPET_NO_GFN);
    if (!frame_state_change(f, &state, 0)) {
        m2p_set(mfn, gfn);
        return -PARAPET_EBUSY;
    }
    /* Of an owner that has ended there is none to ask. */
    if (__atomic_load_n(&m->tlb_cpus, __ATOMIC_SEQ_CST) != 0)
        work_add(&m->work, flush_stale(m, f));
    unlink_frame(m, mfn);
    frame_free(mfn); /* its contents are cleared when it is given out */
    return 0;
}

/* ---- what is left behind ---- */

uint32_t owner_nr_left(unsigned int id)
{
    return __atomic_load_n(&nr_left[id], __ATOMIC_SEQ_CST);
}

void type_put_last_foreign(struct frame_info *f, uint64_t old)
{
    uint64_t owner = old >> STATE_OWNER_SHIFT;

    if (state_type(old) != TYPE_LEFT)
        return;
    /* Nobody else finds the frame any more. */
    __atomic_store_n(&f->state, 0, __ATOMIC_SEQ_CST);
    frame_free((mfn_t)(f - frame_infos));
    /* From now on its number may be another owner's. */
    __atomic_fetch_sub(&nr_left[owner], 1, __ATOMIC_SEQ_CST);
}

/* What becomes of the state: 0 when there is no reference but m's own. */
static uint64_t state_left(uint64_t state, uint64_t own)
{
    state -= own;
    if (!(state & STATE_REFERENCES))
        return 0;
    return (state & (STATE_OWNER | STATE_COUNT | STATE_REFERENCES)) |
           TYPE_STATE(TYPE_LEFT);
}

void type_leave(struct memory_owner *m, mfn_t mfn, uint64_t own)
{
    struct frame_info *f = frame_info(mfn);
    uint64_t state = frame_state(f);
    uint64_t to;

    BUG_ON((state & STATE_OWNER) != m->owner || f->nr_valid != 0 ||
           f->releasing || (state_is_table(state) && (state & STATE_COUNT)));
    if (__atomic_load_n(&m->tlb_cpus, __ATOMIC_SEQ_CST) != 0)
        work_add(&m->work, flush_stale(m, f));
    /* All before the change: then whoever drops the last reference goes on. */
    m2p_set(mfn, PARAPET_NO_GFN);
    unlink_frame(m, mfn);
    __atomic_fetch_add(&nr_left[m->owner >> STATE_OWNER_SHIFT], 1,
                       __ATOMIC_SEQ_CST);
    do {
        to = state_left(state, own);
    } while (!frame_state_change(f, &state, to));
    if (to != 0)
        return;
    frame_free(mfn);
    __atomic_fetch_sub(&nr_left[m->owner >> STATE_OWNER_SHIFT], 1,
                       __ATOMIC_SEQ_CST);
}

/* SPDX-License-Identifier: MIT
 *
 * Frames of entries in a row that are held by one handle: grant_hold_run, and
 * what grant_release does then.
 *
 * A run takes as many handles as it has entries, off the list of free ones in
 * its order: so they are in a list already, and go back as one. Each says which
 * entry it is for, as that of a single hold. The first one's number is told,
 * and no other can be released by its own. All entries are taken, or none is:
 * until the last one has been, none of the handles counts as used.
 */
#include "hypervisor/core/hc_grant_run.h"

#include "abi/errors.h"
#include "hypervisor/mm/work.h"

#define RUN_SIZE sizeof(struct parapet_grant_run)
#define STATUS offsetof(struct parapet_grant_run, status)

_Static_assert(WORK_GRANT_RUN + PARAPET_MAX_GRANT_RUN * WORK_GRANT_RUN_ENTRY <=
                   GRANT_FIRST_WORK,
               "with a fresh share any run can be tried");

/* One element. */
struct run {
    uint64_t who;    /* the lender, and above it the first entry's number */
    uint64_t maddrs; /* where they are told */
    uint32_t nr;
    bool writable;
    uint32_t nr_taken;
    uint32_t nr_otherwise; /* entries that were not as usual */
    struct grant_mapping *first;
    struct grant_mapping *next; /* for the one to be taken next */
};

#define ONE_REF (1ul << 32) /* of who */

static uint32_t run_ref(const struct run *run)
{
    return (uint32_t)(run->who >> 32);
}

/* ---- to take ---- */

/* The entry of this one is not as usual. Its frame; MFN_NONE: c->error. */
static __attribute__((noinline, cold)) mfn_t
take_otherwise(struct grant_call *c, struct run *run, uint64_t who,
               bool writable)
{
    uint64_t lent;
    mfn_t mfn;

    run->nr_otherwise++;
    c->error =
        grant_call_take_any(c->lender, who, c->id, writable, &lent, &mfn);
    return c->error ? MFN_NONE : mfn;
}

/* Takes those that are left, but for those of the table's next frame: false
 * when one of them fails, or cannot be told, by c->error. */
GRANT_INLINE bool take_part(struct grant_call *c, struct run *run,
                            uint64_t lent, const bool writable)
{
    const struct memory_owner *lender = c->lender;
    const struct grant_table *t = &lender->grants;
    const uint32_t id = c->id;
    uint64_t who = run->who + run->nr_taken * ONE_REF;
    uint32_t ref = (uint32_t)(who >> 32);
    uint32_t nr =
        MIN(run->nr - run->nr_taken,
            PARAPET_GRANTS_PER_FRAME - ref % PARAPET_GRANTS_PER_FRAME);
    struct grant_entry *e = grant_entry(t, ref);
    struct grant_record *r = grant_record(t, ref);
    const struct grant_entry *end = e + nr;
    uint64_t at = run->maddrs + run->nr_taken * sizeof(uint64_t);
    struct grant_mapping *mapping = run->next;
    bool done = true;

    for (; e != end; e++, r++) {
        mfn_t usual, mfn;

        if (__builtin_expect(
                grant_take_entry(lender, e, r, id, lent, writable, &usual), 1))
            mfn = usual;
        else
            mfn = take_otherwise(c, run, who, writable);
        if (__builtin_expect(mfn == MFN_NONE, 0)) {
            done = false;
            break;
        }
        mapping->who = who;
        __atomic_store_n(&mapping->how, grant_how(GRANT_IN_RUN, writable),
                         __ATOMIC_RELAXED);
        __atomic_store_n(&mapping->mfn, (uint32_t)mfn, __ATOMIC_RELAXED);
        mapping = mapping->next;
        who += ONE_REF;
        if (__builtin_expect(!guest_write_1(at, 0, frame_paddr(mfn)), 0)) {
            c->error = -PARAPET_EFAULT;
            done = false;
            break;
        }
        at += sizeof(uint64_t);
    }
    run->nr_taken = (uint32_t)((who - run->who) / ONE_REF);
    run->next = mapping;
    return done;
}

/* What the word of the first entry says, if it lends it so: then the others are
 * likely to say the same. */
static uint64_t likely_word(const struct grant_call *c, const struct run *run)
{
    const struct grant_entry *e = grant_entry(&c->lender->grants, run_ref(run));
    uint64_t word = __atomic_load_n(&e->word, __ATOMIC_RELAXED);

    word &= ~(uint64_t)(PARAPET_GRANT_READING | PARAPET_GRANT_WRITING);
    return grant_is_lent(word, c->id, run->writable) ? word
                                                     : c->lent[run->writable];
}

/* Each kind has a loop of its own, in which it is a constant. */
static bool take_entries(struct grant_call *c, struct run *run)
{
    uint64_t lent;
    bool done = true;

    c->error = -PARAPET_EPERM;
    if ((uint64_t)run_ref(run) + run->nr > c->lender->grants.nr_entries)
        return false;
    lent = likely_word(c, run);
    while (done && run->nr_taken < run->nr)
        done = run->writable ? take_part(c, run, lent, true)
                             : take_part(c, run, lent, false);
    return done;
}

/* Those that were taken are given up. The lender's lock is held still. */
static __attribute__((noinline, cold)) void undo_run(const struct grant_call *c,
                                                     const struct run *run)
{
    struct grant_mapping *mapping = run->first;

    for (uint32_t i = 0; i < run->nr_taken; i++) {
        grant_drop_open(c->lender, mapping->ref, run->writable, mapping->mfn);
        mapping->how = 0;
        mapping = mapping->next;
    }
}

/* ---- frames that must become writable memory first ---- */

/* All from this one on, while no lock is held, as far as there is work for it:
 * for one at the least. GRANT_PREPARE: the run is to be begun anew, and its
 * work is taken. -EAGAIN: there is too little for that; but the next call finds
 * more of them as they must be. */
static __attribute__((noinline, cold)) int
prepare_run(struct grant_call *c, const struct run *run, uint32_t work)
{
    int error = 0;

    for (uint32_t i = run->nr_taken; i < run->nr && !error; i++) {
        bool gone = false;

        if (c->m->work < WORK_PREPARE ||
            (i > run->nr_taken && grant_call_has_waited()))
            return -PARAPET_EAGAIN;
        error = grant_call_prepare(c->m, run->who + i * ONE_REF, c->id, &gone);
        c->gone = gone;
    }
    if (!error && !work_take(&c->m->work, work))
        error = -PARAPET_EAGAIN;
    return error ? error : GRANT_PREPARE;
}

/* ---- an element ---- */

static int64_t tell_run(const struct grant_call *c, int error)
{
    return grant_tell_1(c->at, STATUS, (uint32_t)error);
}

/* Not all could be taken. */
static __attribute__((noinline, cold)) int64_t
run_failed(struct grant_call *c, const struct run *run, uint32_t work)
{
    undo_run(c, run);
    if (c->error == -PARAPET_EFAULT)
        work_add(&c->m->work, WORK_GRANT_UNTOLD);
    if (c->error == GRANT_PREPARE && c->prepared == c->at) {
        c->error = -PARAPET_EAGAIN;
    } else if (c->error == GRANT_PREPARE) {
        grant_call_unlock(c);
        c->prepared = c->at;
        c->error = prepare_run(c, run, work);
        if (c->error == GRANT_PREPARE || c->gone)
            return c->error;
    }
    return tell_run(c, c->error);
}

/* Enough free handles. 0; or the error, as grant_handles_more() has it. */
static int find_handles(struct memory_owner *m, uint32_t nr)
{
    const struct grant_handles *h = &m->handles;
    int error = 0;

    while (!error && h->nr_frames * GRANT_MAPPINGS_PER_FRAME - h->nr_used < nr)
        error = grant_handles_more(m);
    return error;
}

static int check_run(const struct run *run, uint32_t flags)
{
    if (run->nr == 0 || run->nr > PARAPET_MAX_GRANT_RUN ||
        (flags & ~(uint32_t)PARAPET_GRANT_READONLY) != 0 ||
        run->maddrs % sizeof(uint64_t) != 0)
        return -PARAPET_EINVAL;
    if (!guest_range_ok(run->maddrs, run->nr * sizeof(uint64_t)))
        return -PARAPET_EFAULT;
    return 0;
}

/* Checked, with handles enough. */
static int64_t take_run(struct grant_call *c, struct run *run, uint32_t work)
{
    struct grant_handles *h = &c->m->handles;
    bool done;

    if (!grant_call_enter_to_take(c, (uint32_t)run->who))
        return c->error == -PARAPET_ERESTART ? c->error : tell_run(c, c->error);
    run->first = run->next = h->free;
    done = take_entries(c, run);
    c->m->work += (run->nr - run->nr_otherwise) *
                  (WORK_GRANT_RUN_ENTRY - WORK_GRANT_RUN_SHORT);
    if (__builtin_expect(!done, 0))
        return run_failed(c, run, work);
    run->first->kind = GRANT_RUN;
    run->first->nr = run->nr;
    h->free = run->next;
    h->nr_used += run->nr;
    return 0;
}

/* *paid: work that was taken for it. When it is to be begun anew that is so
 * again, for a run as long as it is now. */
static int64_t hold_run(struct grant_call *c, uint32_t *paid)
{
    const struct grant_mapping *free = c->m->handles.free;
    uint64_t words[3];
    struct run run;
    uint32_t work, before = *paid;
    int error;

    if (!guest_begin_3(c->at, words, free ? free->handle : 0))
        return -PARAPET_EFAULT;
    run = (struct run){
        .who = words[0],
        .maddrs = words[2],
        .nr = (uint32_t)(words[1] >> 32),
        .writable = (uint32_t)words[1] == 0,
    };
    error = check_run(&run, (uint32_t)words[1]);
    work = WORK_GRANT_RUN + (error ? 0 : run.nr * WORK_GRANT_RUN_ENTRY);
    if (before < work && !work_take(&c->m->work, work))
        return before ? tell_run(c, -PARAPET_EAGAIN) : -PARAPET_ERESTART;
    *paid = work;
    if (!error)
        error = find_handles(c->m, run.nr);
    if (error)
        return error == -PARAPET_ERESTART ? error : tell_run(c, error);
    /* Not the one that was told. */
    if (__builtin_expect(c->m->handles.free != free, 0))
        return GRANT_PREPARE;
    return take_run(c, &run, work);
}

/*
 * grant_hold_run: each of elements[0..nr) takes the frames of entries in a row,
 * which another domain lends, without mappings, and is told their machine
 * addresses; see struct parapet_grant_run. Errors as for grant_map, and status,
 * of the first entry that cannot be taken: then none of the element is. status,
 * too: EINVAL: flags is neither 0 nor PARAPET_GRANT_READONLY, nr is 0 or too
 * large, or maddrs is not aligned to 8. EFAULT: maddrs cannot be written to.
 */
int64_t hc_grant_hold_run(uint64_t elements, uint64_t nr)
{
    const uint64_t end = elements + nr * RUN_SIZE;
    struct grant_call c;
    int64_t result = grant_call_begin(&c, elements, nr, RUN_SIZE);

    if (__builtin_expect(result != 0, 0))
        return result;
    while (result == 0 && c.at != end) {
        uint32_t paid = 0;

        do {
            result = hold_run(&c, &paid);
        } while (__builtin_expect(result > 0, 0));
        grant_call_unlock(&c);
        if (result == 0)
            c.at += RUN_SIZE;
    }
    result = grant_call_end(&c, result, RUN_SIZE);
    if (__builtin_expect(result == -PARAPET_ERESTART, 0))
        return grant_tell_again(c.at + STATUS);
    return result;
}

/* ---- to release ---- */

/* Of a lender who lends still. The last one. */
GRANT_INLINE struct grant_mapping *drop_as(const struct memory_owner *lender,
                                           struct grant_mapping *mapping,
                                           uint32_t nr, const bool writable)
{
    const struct grant_table *t = &lender->grants;
    uint32_t ref = mapping->ref;
    struct grant_entry *e = grant_entry(t, ref);
    struct grant_record *r = grant_record(t, ref);

    for (;;) {
        grant_drop_entry(e, r, writable, mapping->mfn);
        mapping->how = 0;
        if (--nr == 0)
            return mapping;
        mapping = mapping->next;
        e++;
        r++;
        if (__builtin_expect(++ref % PARAPET_GRANTS_PER_FRAME == 0, 0)) {
            e = grant_entry(t, ref);
            r = grant_record(t, ref);
        }
    }
}

/* Of one who has ended, or is gone. */
static __attribute__((noinline, cold)) struct grant_mapping *
drop_gone(struct memory_owner *lender, struct grant_mapping *mapping,
          uint32_t nr)
{
    for (;; mapping = mapping->next) {
        grant_call_drop_gone(lender, mapping->who, mapping->writable,
                             mapping->mfn);
        mapping->how = 0;
        if (--nr == 0)
            return mapping;
    }
}

int64_t grant_run_release(struct grant_call *c, struct grant_mapping *first)
{
    struct grant_handles *h = &c->m->handles;
    struct grant_mapping *last;
    uint32_t nr = first->nr;
    bool open;

    if (c->locked_id != first->lender) {
        if (c->at != c->first && grant_call_has_waited())
            return -PARAPET_ERESTART;
        (void)grant_call_enter(c, first->lender);
    }
    open = c->locked_id == first->lender;
    if (!work_take(&c->m->work,
                   nr * (open ? WORK_GRANT_RUN_DROP : WORK_GRANT_RELEASE)))
        return -PARAPET_ERESTART;
    if (__builtin_expect(!open, 0))
        last = drop_gone(c->lender, first, nr);
    else if (first->writable)
        last = drop_as(c->lender, first, nr, true);
    else
        last = drop_as(c->lender, first, nr, false);
    last->next = h->free;
    h->free = first;
    h->nr_used -= nr;
    return 0;
}

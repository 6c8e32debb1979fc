/* SPDX-License-Identifier: MIT
 *
 * What each machine frame is, to whom it belongs, and what refers to it. The
 * essay is at the top of type.c.
 */
#ifndef HYPERVISOR_MM_TYPE_H
#define HYPERVISOR_MM_TYPE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/memory.h"
#include "hypervisor/base/spinlock.h"
#include "hypervisor/base/turn_lock.h"
#include "hypervisor/mm/device_state.h"
#include "hypervisor/mm/frame.h"
#include "hypervisor/mm/grant_state.h"
#include "hypervisor/mm/tlb.h"

/* The types. Tables have the numbers of the ABI. */
enum frame_type {
    TYPE_NONE = 0,
    TYPE_L1 = PARAPET_TABLE_L1,
    TYPE_L2 = PARAPET_TABLE_L2,
    TYPE_L3 = PARAPET_TABLE_L3,
    TYPE_L4 = PARAPET_TABLE_L4,
    TYPE_USER_ROOT = PARAPET_TABLE_USER,
    TYPE_WRITABLE = 6,
    TYPE_LEFT = 7, /* its owner has ended, and others refer to it */
};

/*
 * frame_info.state, one word so that one compare-and-exchange changes all:
 *
 *   63..52   owner: a domain's id; 0 is the hypervisor, or nobody
 *   51..49   type, an enum frame_type
 *   48       pinned
 *   47       valid: others may take the type without looking
 *   46       foreign: a table of level 1 that maps frames of other domains
 *   45..23   type count: how many references insist on the type
 *   22..0    references of any kind: type count included
 *
 * A count whose top bit is set is full.
 */
#define STATE_REFERENCE 1ul
#define STATE_REFERENCES 0x7ffffful
#define STATE_REFERENCES_FULL 0x400000ul
#define STATE_COUNT_SHIFT 23
#define STATE_COUNT_ONE (1ul << STATE_COUNT_SHIFT)
#define STATE_COUNT (0x7ffffful << STATE_COUNT_SHIFT)
#define STATE_COUNT_FULL (0x400000ul << STATE_COUNT_SHIFT)
#define STATE_FOREIGN (1ul << 46)
#define STATE_VALID (1ul << 47)
#define STATE_PINNED (1ul << 48)
#define STATE_TYPE_SHIFT 49
#define STATE_TYPE (7ul << STATE_TYPE_SHIFT)
#define STATE_OWNER_SHIFT 52
#define STATE_OWNER (0xffful << STATE_OWNER_SHIFT)
#define STATE_FULL (STATE_REFERENCES_FULL | STATE_COUNT_FULL)
/* What makes one reference that insists on the type. */
#define STATE_USE (STATE_COUNT_ONE | STATE_REFERENCE)

#define TYPE_STATE(type) ((uint64_t)(type) << STATE_TYPE_SHIFT)

struct frame_info {
    uint64_t state; /* atomic */
    uint64_t stamp; /* of the flush clock when a reference was last dropped;
                       atomic, and never goes back */
    /* The rest changes under the owner's lock. */
    uint32_t next;     /* in memory_owner.releasing, or FRAME_INFO_NONE */
    uint16_t nr_valid; /* of a table: its entries [0, nr_valid) hold what they
                          refer to; 512 when valid */
    uint16_t nr_foreign : 14;  /* of a table: its entries with
                                  PARAPET_PTE_FOREIGN */
    uint16_t releasing : 1;    /* it is in that list */
    uint16_t held : 1;         /* type_hold() has a reference */
    uint32_t audit_references; /* mm/audit.c's own */
    uint32_t audit_count;
};

_Static_assert(sizeof(struct frame_info) == 32, "a frame costs 32 bytes");

#define FRAME_INFO_NONE 0xffffffffu

/* The list of an owner's frames goes through these, so that what is to be done
 * with all of them takes no longer on a larger machine. The owner's lock. */
struct frame_links {
    uint32_t next; /* mfn, or FRAME_INFO_NONE */
    uint32_t previous;
};

/* How far the owner is taken apart (mm/owner_release.c). */
enum release_step {
    RELEASE_NOT_BEGUN,
    RELEASE_PINS,
    RELEASE_TABLES,
    RELEASE_FRAMES,
};

/* A domain as far as memory is concerned. */
struct memory_owner {
    uint64_t owner; /* its id in place: id << STATE_OWNER_SHIFT */
    /* What is compared on the short paths: owner, type and valid. */
    uint64_t valid_writable;
    uint64_t valid_l1;
    struct turn_lock lock;
    uint32_t frames;       /* all of them: a list by frame_links */
    uint32_t releasing;    /* tables whose entries are to be let go: a list */
    uint32_t work;         /* what is left of this hypercall's share: work.h */
    uint32_t detours;      /* tables in that list, and entries with
                              PARAPET_PTE_FOREIGN: 0 when an entry may be
                              changed wherever it is */
    uint64_t failed_entry; /* where the last failure was; see abi/shared.h */
    uint64_t nr_frames;
    uint64_t max_frames; /* changes without the lock: see owner_may_have() */
    uint64_t nr_gfns;
    uint64_t tlb_cpus; /* bit n: CPU n may have translations; atomic */
    uint64_t nr_held;  /* frames of type_hold() */
    enum release_step release_step;
    uint32_t release_next; /* the frame to come next, or FRAME_INFO_NONE */
    uint32_t leaving;      /* CPUs go from its roots when they flush; atomic */
    uint32_t nr_charged; /* frames of the hypervisor's that count as its own */
    struct grant_table grants;    /* what it lends */
    struct grant_handles handles; /* what it has of others */
    struct device_maps devices;   /* and of devices */
};

extern struct frame_info *frame_infos;
extern struct frame_links *frame_links;
extern uint64_t nr_frame_infos;

/*
 * Makes the tables of all frames below nr_frames. Boot only; false when there
 * is no memory for it.
 */
bool type_init(uint64_t nr_frames);

/* For a new domain with this id, from 1 to 4095. */
void type_owner_init(struct memory_owner *m, unsigned int id);

/*
 * The lock of all tables of a domain. Its holder may wait for other CPUs to
 * flush, so whoever waits for it serves them. False: it was not to be had in
 * TURN_LOCK_LOOKS, and the call is to be made again (-ERESTART). A multicall
 * stops after a wait, whatever came of it.
 */
static inline bool __attribute__((warn_unused_result))
memory_lock(struct memory_owner *m)
{
    return turn_lock_take(&m->lock);
}

static inline void memory_unlock(struct memory_owner *m)
{
    turn_lock_release(&m->lock);
}

/* Whether max_frames lets it have nr more: its own, or charged. Its lock is
 * held. */
static inline bool owner_may_have(const struct memory_owner *m, uint64_t nr)
{
    return m->nr_frames + m->nr_charged + nr <=
           __atomic_load_n(&m->max_frames, __ATOMIC_RELAXED);
}

/* mfn is below nr_frame_infos. */
static inline struct frame_info *frame_info(mfn_t mfn)
{
    return &frame_infos[mfn];
}

static inline uint64_t frame_state(const struct frame_info *f)
{
    return __atomic_load_n(&f->state, __ATOMIC_ACQUIRE);
}

static inline enum frame_type state_type(uint64_t state)
{
    return (enum frame_type)((state & STATE_TYPE) >> STATE_TYPE_SHIFT);
}

static inline bool state_is_table(uint64_t state)
{
    enum frame_type type = state_type(state);

    return type >= TYPE_L1 && type <= TYPE_USER_ROOT;
}

/* On failure, *state is what came instead. */
static inline bool frame_state_change(struct frame_info *f, uint64_t *state,
                                      uint64_t to)
{
    return __atomic_compare_exchange_n(&f->state, state, to, false,
                                       __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE);
}

/* Raises the stamp to the present time. */
void type_stamp_slow(struct frame_info *f);

/*
 * To be called before a reference is dropped and after what made it can no
 * longer be used for a new translation. Any number of CPUs may race: the stamp
 * only grows.
 */
static inline void type_stamp(struct frame_info *f)
{
    if (__atomic_load_n(&f->stamp, __ATOMIC_RELAXED) < tlb_clock_now())
        type_stamp_slow(f);
}

/*
 * A reference that does not care about the type (a read-only mapping). 0,
 * -EPERM if the frame is not m's, -ENOSPC if it has too many. No lock needed.
 */
int type_get_slow(struct memory_owner *m, mfn_t mfn);

static inline int type_get(struct memory_owner *m, mfn_t mfn)
{
    struct frame_info *f;
    uint64_t state;

    if (mfn >= nr_frame_infos)
        return type_get_slow(m, mfn);
    f = frame_info(mfn);
    state = frame_state(f);
    do {
        if ((state & (STATE_OWNER | STATE_REFERENCES_FULL)) != m->owner)
            return type_get_slow(m, mfn);
    } while (!frame_state_change(f, &state, state + STATE_REFERENCE));
    return 0;
}

/*
 * A reference that needs the frame to be writable memory. Also -EBUSY when it
 * is in use as a table, -ERESTART when it is being let go as one. m's lock is
 * held.
 */
int type_get_writable_slow(struct memory_owner *m, mfn_t mfn);

static inline int type_get_writable(struct memory_owner *m, mfn_t mfn)
{
    struct frame_info *f;
    uint64_t state;

    if (mfn >= nr_frame_infos)
        return type_get_writable_slow(m, mfn);
    f = frame_info(mfn);
    state = frame_state(f);
    do {
        if ((state & (STATE_OWNER | STATE_TYPE | STATE_VALID | STATE_FULL)) !=
            m->valid_writable)
            return type_get_writable_slow(m, mfn);
    } while (!frame_state_change(f, &state, state + STATE_USE));
    return 0;
}

/* Drops what type_get() took. No lock needed. */
static inline void type_put(mfn_t mfn)
{
    struct frame_info *f = frame_info(mfn);

    type_stamp(f);
    __atomic_fetch_sub(&f->state, STATE_REFERENCE, __ATOMIC_SEQ_CST);
}

/* Drops what type_get_writable() took. No lock needed. */
static inline void type_put_writable(mfn_t mfn)
{
    struct frame_info *f = frame_info(mfn);

    type_stamp(f);
    __atomic_fetch_sub(&f->state, STATE_USE, __ATOMIC_SEQ_CST);
}

/*
 * A reference of another domain's, to a frame of lender's: one that needs it to
 * be writable memory, or a plain one. The caller sees to it that lender has not
 * ended. -EPERM: it is not lender's. -EBUSY: it is in use as a table; or, to
 * write to it, as what guests may only read. -ENOSPC: it has too many. -EAGAIN,
 * to write to it only: its type would have to change, which
 * type_get_writable_slow() does under lender's lock. No lock needed.
 */
int type_get_foreign_slow(const struct memory_owner *lender, mfn_t mfn,
                          bool writable);

static inline int type_get_foreign(const struct memory_owner *lender, mfn_t mfn,
                                   bool writable)
{
    const uint64_t use = writable ? STATE_USE : STATE_REFERENCE;
    struct frame_info *f;
    uint64_t state;

    if (mfn >= nr_frame_infos)
        return type_get_foreign_slow(lender, mfn, writable);
    f = frame_info(mfn);
    state = frame_state(f);
    do {
        /* Most is writable memory, also what is lent to be read. */
        if ((state & (STATE_OWNER | STATE_TYPE | STATE_VALID | STATE_FULL)) !=
            lender->valid_writable)
            return type_get_foreign_slow(lender, mfn, writable);
    } while (!frame_state_change(f, &state, state + use));
    return 0;
}

/* It was the last reference to the frame, whose state was old before: a frame
 * that was left behind goes back. */
void type_put_last_foreign(struct frame_info *f, uint64_t old);

/*
 * Drops it. The CPUs that may have used a translation to the frame by it have
 * flushed since that went: there is no stamp for them. No lock needed.
 */
static inline void type_put_foreign(mfn_t mfn, bool writable)
{
    struct frame_info *f = frame_info(mfn);
    uint64_t old = __atomic_fetch_sub(
        &f->state, writable ? STATE_USE : STATE_REFERENCE, __ATOMIC_SEQ_CST);

    /* There was one at least: it was the only one if there is no other bit. */
    if (__builtin_expect(!(old & (STATE_REFERENCES & ~STATE_REFERENCE)), 0))
        type_put_last_foreign(f, old);
}

/*
 * Whether it was left behind. A word of that kind names an owner, and yet the
 * owner must get no reference: the last one is not his to drop. Where frames of
 * an owner that has ended are taken, look first; its lock is held.
 */
static inline bool frame_is_left(mfn_t mfn)
{
    return mfn < nr_frame_infos &&
           state_type(frame_state(frame_info(mfn))) == TYPE_LEFT;
}

/* How many frames are left behind of owners with this id. */
uint32_t owner_nr_left(unsigned int id);

/*
 * Takes a reference of the given type to a frame of m that has none of any:
 * state is what the caller has seen, with a count of 0. The frame is not yet
 * valid, so that nobody else gets one. When its type changes by that, every CPU
 * that may still translate to it by its old one has flushed on return. False
 * when the state has changed meanwhile. m's lock is held.
 */
bool type_claim(struct memory_owner *m, struct frame_info *f, uint64_t state,
                enum frame_type type);

/* Others may have the type too, from now on. m's lock is held. */
static inline void type_validate(struct frame_info *f)
{
    __atomic_fetch_or(&f->state, STATE_VALID, __ATOMIC_SEQ_CST);
}

/*
 * The frame's entries [0, nr_valid) are to be let go, by table_release(). Costs
 * no work. m's lock is held.
 */
static inline void table_release_later(struct memory_owner *m, mfn_t mfn)
{
    struct frame_info *f = frame_info(mfn);

    if (f->releasing)
        return;
    f->releasing = 1;
    m->detours++;
    f->next = m->releasing;
    m->releasing = (uint32_t)mfn;
}

/*
 * The hypervisor's own reference, until owner_free_held(): to what it writes to
 * itself (writable), or to what guests may only read. The frame is new to m,
 * and m's lock is held, or nobody knows m yet. So others have plain references
 * at most: the table of grants may have named it before.
 */
void type_hold(struct memory_owner *m, mfn_t mfn, bool writable);

/* The same of a frame that is in use, and writable. -EBUSY: it is in use as
 * something else, or held. Others as type_get_writable(). m's lock is held. */
int type_hold_in_use(struct memory_owner *m, mfn_t mfn);

/*
 * A frame from the allocator becomes m's, the first on its list, with no
 * reference; and an unused one goes back to it (-EPERM: not m's; -EBUSY: in
 * use). m's lock is held.
 */
void type_give(struct memory_owner *m, mfn_t mfn, uint64_t gfn);
int type_take_back(struct memory_owner *m, mfn_t mfn);

/*
 * Takes the frame from an owner that has ended, whose tables are gone: it goes
 * back, or is left behind when others refer to it. own is what m itself has of
 * references: STATE_USE of a frame that is held, or 0. Nobody gets another
 * reference any more. m's lock is held, or nobody else can find m.
 */
void type_leave(struct memory_owner *m, mfn_t mfn, uint64_t own);

#endif

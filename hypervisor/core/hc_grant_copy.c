/* SPDX-License-Identifier: MIT
 *
 * grant_copy: frames of others are copied from and to, without a mapping.
 *
 * A frame of another domain is taken as for a mapping, for as long as the copy
 * takes. An own frame stays the caller's, and of its type, while his memory
 * lock is held.
 */
#include "abi/errors.h"
#include "abi/memory.h"
#include "hypervisor/core/grant_call.h"
#include "hypervisor/core/grant_single.h"
#include "hypervisor/core/guest_words.h"
#include "hypervisor/mm/work.h"
#include "hypervisor/x86/copy.h"

#define COPY_SIZE sizeof(struct parapet_grant_copy)
_Static_assert(WORK_GRANT_COPY % COPY_SIZE == 0,
               "a whole number for each byte");

/* The lender's lock is held for so many. */
#define COPIES_AT_A_TIME 8u
_Static_assert(COPIES_AT_A_TIME *WORK_GRANT_COPY <= GRANT_FIRST_WORK,
               "a call has work for a round");

/* One end of a copy that is under way. */
struct copy_end {
    uint64_t who; /* as in the element */
    uint64_t at;
    mfn_t mfn;
    bool foreign; /* a constant where it is looked at */
};

/* A copy of guest memory is asked for in these words. */
enum { SOURCE, SOURCE_AT, DEST, DEST_AT, LENGTH, NR_WORDS };

/* Of an end that is_in_frame(). */
GRANT_INLINE uint8_t *end_vaddr(const struct copy_end *e)
{
    return e->foreign ? (uint8_t *)frame_vaddr(e->mfn) + e->at
                      : paddr_to_vaddr(e->at);
}

/* length is below 2^32. */
GRANT_INLINE bool is_in_frame(const struct copy_end *e, uint64_t length)
{
    return e->foreign ? e->at < PAGE_SIZE && e->at + length <= PAGE_SIZE
                      : e->at % PAGE_SIZE + length <= PAGE_SIZE;
}

/* Of anything but writable memory. */
static __attribute__((noinline)) int look_at_other(struct memory_owner *m,
                                                   mfn_t mfn, bool writable)
{
    int error;

    if (mfn >= nr_frame_infos ||
        (frame_state(frame_info(mfn)) & STATE_OWNER) != m->owner)
        return -PARAPET_EPERM;
    if (!writable)
        return 0;
    error = type_get_writable(m, mfn);
    if (!error)
        type_put_writable(mfn);
    return error;
}

/* Whether the frame is the caller's own, and writable memory. */
GRANT_INLINE bool is_own(const struct memory_owner *m, mfn_t mfn)
{
    return __builtin_expect(mfn < nr_frame_infos &&
                                (frame_state(frame_info(mfn)) &
                                 (STATE_OWNER | STATE_TYPE | STATE_VALID)) ==
                                    m->valid_writable,
                            1);
}

/* Whether the frame is the caller's own, and writable memory if it must be:
 * then it needs no reference. Else c->error is set. */
GRANT_INLINE bool take_own(struct grant_call *c, struct copy_end *e,
                           bool writable)
{
    e->mfn = e->at >> PAGE_SHIFT;
    if (is_own(c->m, e->mfn))
        return true;
    /* It may have to wait for flushes: under no lender's lock. */
    grant_call_unlock(c);
    c->error = look_at_other(c->m, e->mfn, writable);
    return c->error == 0;
}

GRANT_INLINE bool take_end(struct grant_call *c, struct copy_end *e,
                           bool writable)
{
    if (!e->foreign)
        return take_own(c, e, writable);
    e->mfn = grant_call_take(c, e->who, writable);
    return __builtin_expect(e->mfn != MFN_NONE, 1);
}

GRANT_INLINE void drop_end(struct grant_call *c, const struct copy_end *e,
                           bool writable)
{
    if (e->foreign)
        grant_call_drop(c, e->who, writable, e->mfn);
}

/* The same of the end that was taken last: its lender's lock is still held. */
GRANT_INLINE void drop_last(struct grant_call *c, const struct copy_end *e,
                            bool writable)
{
    if (e->foreign)
        grant_drop_open(c->lender, (uint32_t)(e->who >> 32), writable, e->mfn);
}

static inline void copy(const struct copy_end *source,
                        const struct copy_end *dest, uint64_t length)
{
    uint8_t *to = end_vaddr(dest);
    const uint8_t *from = end_vaddr(source);

    if (__builtin_expect((uint64_t)(to - from) < length, 0))
        copy_down(to, from, length);
    else
        copy_up(to, from, length);
}

/* The last word of the element: length again, and above it status. */
GRANT_INLINE int64_t tell(const struct grant_call *c, uint64_t length,
                          int status)
{
    const uint32_t offset = offsetof(struct parapet_grant_copy, length);

    return guest_write_1(c->at, offset,
                         length | (uint64_t)(uint32_t)status << 32)
               ? 0
               : -PARAPET_EFAULT;
}

/* Nothing was copied, by c->error; who is the end that it is about. */
GRANT_INLINE int64_t copy_failed(struct grant_call *c, uint64_t who,
                                 uint64_t length)
{
    int64_t result = grant_call_failed(c, who);

    if (result == -PARAPET_ERESTART)
        return grant_tell_again(c->at +
                                offsetof(struct parapet_grant_copy, status));
    return result ? result : tell(c, length, c->error);
}

/* The source was taken; it is dropped in any case. */
GRANT_INLINE int64_t copy_to(struct grant_call *c,
                             const struct copy_end *source,
                             struct copy_end *dest, uint64_t length)
{
    if (__builtin_expect(!take_end(c, dest, true), 0)) {
        int error = c->error;

        drop_end(c, source, false);
        c->error = error;
        return copy_failed(c, dest->who, length);
    }
    copy(source, dest, length);
    drop_last(c, dest, true);
    /* take_own() may have let its lender's lock go. */
    drop_end(c, source, false);
    return 0;
}

/* Whether the ends are foreign is a constant here. */
GRANT_INLINE int64_t copy_as(struct grant_call *c, const uint64_t *words,
                             bool from_other, bool to_other)
{
    struct copy_end source = {
        .who = words[SOURCE], .at = words[SOURCE_AT], .foreign = from_other};
    struct copy_end dest = {
        .who = words[DEST], .at = words[DEST_AT], .foreign = to_other};
    const uint64_t length = words[LENGTH];

    if (__builtin_expect(
            !is_in_frame(&source, length) || !is_in_frame(&dest, length), 0)) {
        c->error = -PARAPET_EINVAL;
        return copy_failed(c, 0, length);
    }
    if (__builtin_expect(!take_end(c, &source, false), 0))
        return copy_failed(c, source.who, length);
    return copy_to(c, &source, &dest, length);
}

GRANT_INLINE int64_t copy_one(struct grant_call *c)
{
    uint64_t words[NR_WORDS];
    bool to_other;

    if (!guest_begin_5(c->at, words))
        return -PARAPET_EFAULT;
    to_other = (uint32_t)words[DEST] != PARAPET_DOMAIN_SELF;
    if ((uint32_t)words[SOURCE] == PARAPET_DOMAIN_SELF)
        return to_other ? copy_as(c, words, false, true)
                        : copy_as(c, words, false, false);
    return to_other ? copy_as(c, words, true, true)
                    : copy_as(c, words, true, false);
}

GRANT_INLINE int64_t copy_some(struct grant_call *c, uint64_t end)
{
    int64_t result;

    for (; c->at != end; c->at += COPY_SIZE) {
        do {
            result = copy_one(c);
        } while (__builtin_expect(result > 0, 0));
        if (__builtin_expect(result < 0, 0))
            return result;
    }
    return 0;
}

static __attribute__((noinline)) int64_t copy_all(uint64_t elements,
                                                  uint64_t nr)
{
    const uint64_t end = elements + nr * COPY_SIZE;
    struct grant_call c;
    int64_t result = grant_call_begin(&c, elements, nr, COPY_SIZE);
    uint64_t until;

    if (__builtin_expect(result != 0, 0))
        return result;
    until =
        grant_call_first(&c, end, COPIES_AT_A_TIME, COPY_SIZE, WORK_GRANT_COPY);
    while ((result = copy_some(&c, until)) == 0 && c.at != end) {
        grant_call_unlock(&c);
        until = grant_call_next(c.m, c.at, end, COPIES_AT_A_TIME, COPY_SIZE,
                                WORK_GRANT_COPY);
        if (until == 0) {
            result = -PARAPET_ERESTART;
            break;
        }
    }
    return grant_call_end(&c, result, COPY_SIZE);
}

/* ---- the short way, see grant_single.h: from or to another domain ---- */

/* Takes the end that is another domain's, copies, and drops it. to_other is a
 * constant. */
GRANT_INLINE bool copy_taken(const struct domain *d, struct copy_end *source,
                             struct copy_end *dest, uint64_t length,
                             bool to_other)
{
    struct copy_end *other = to_other ? dest : source;
    struct memory_owner *lender = grant_single_lender(other->who);
    bool done;

    if (!lender)
        return false;
    done = grant_single_take(lender, other->who, d, to_other, &other->mfn);
    if (__builtin_expect(done, 1)) {
        copy(source, dest, length);
        grant_drop_open(lender, (uint32_t)(other->who >> 32), to_other,
                        other->mfn);
    }
    spin_unlock(&lender->grants.lock);
    return done;
}

GRANT_INLINE bool copy_short_as(const struct domain *d, const uint64_t *words,
                                bool to_other)
{
    struct copy_end source = {
        .who = words[SOURCE], .at = words[SOURCE_AT], .foreign = !to_other};
    struct copy_end dest = {
        .who = words[DEST], .at = words[DEST_AT], .foreign = to_other};
    struct copy_end *own = to_other ? &source : &dest;

    own->mfn = own->at >> PAGE_SHIFT;
    return __builtin_expect(is_in_frame(&source, words[LENGTH]) &&
                                is_in_frame(&dest, words[LENGTH]),
                            1) &&
           is_own(&d->memory, own->mfn) &&
           copy_taken(d, &source, &dest, words[LENGTH], to_other);
}

GRANT_INLINE bool copy_short(const struct domain *d, uint64_t element)
{
    uint64_t words[NR_WORDS];

    if (!guest_begin_5(element, words))
        return false;
    if ((uint32_t)words[DEST] == PARAPET_DOMAIN_SELF)
        return copy_short_as(d, words, false);
    return (uint32_t)words[SOURCE] == PARAPET_DOMAIN_SELF &&
           copy_short_as(d, words, true);
}

static int64_t copy_single(uint64_t element)
{
    struct domain *d = grant_single_begin(element, COPY_SIZE);
    bool done;

    if (!d)
        return copy_all(element, 1);
    done = copy_short(d, element);
    memory_unlock(&d->memory);
    if (__builtin_expect(done, 1))
        return 0;
    return grant_single_end(copy_all(element, 1),
                            element +
                                offsetof(struct parapet_grant_copy, status));
}

/*
 * grant_copy: each of elements[0..nr) copies within a frame that another domain
 * lends, or that is the caller's own, to within such a frame; see struct
 * parapet_grant_copy. Where they overlap it is as if all were read first.
 * Errors as for grant_map.
 *
 * status: EINVAL: length is above 4096, or an end is not within one frame.
 * Others as for grant_map. EPERM: a frame of the caller's own is not his.
 * EBUSY: what is to be written to is a page table, or what guests may only
 * read.
 */
int64_t hc_grant_copy(uint64_t elements, uint64_t nr)
{
    return nr == 1 ? copy_single(elements) : copy_all(elements, nr);
}

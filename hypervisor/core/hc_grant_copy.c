/* SPDX-License-Identifier: MIT
 *
 * grant_copy: frames of others are copied from and to, without a mapping.
 *
 * A frame of another domain is taken as for a mapping, for as long as the copy
 * takes, and the lender's lock is not held meanwhile. An own frame stays the
 * caller's, and of its type, while his memory lock is held.
 */
#include "abi/errors.h"
#include "abi/memory.h"
#include "hypervisor/core/grant_call.h"
#include "hypervisor/core/guest_words.h"
#include "hypervisor/mm/work.h"

#define COPY_SIZE sizeof(struct parapet_grant_copy)
_Static_assert(WORK_GRANT_COPY % COPY_SIZE == 0,
               "a whole number for each byte");

/* So many are within a call's share. */
#define COPIES_AT_A_TIME 16u

/* One end of a copy that is under way. */
struct copy_end {
    uint64_t who; /* as in the element */
    uint64_t at;
    bool foreign;
    struct memory_owner *lender;
    mfn_t mfn;
};

/* The lender that was found last: they are the same for a run of elements. */
struct copy_lender {
    uint64_t id; /* or GRANT_NOBODY */
    struct memory_owner *owner;
};

/* A copy of guest memory is asked for in these words. */
enum { SOURCE, SOURCE_AT, DEST, DEST_AT, LENGTH, NR_WORDS };

static inline void *end_vaddr(const struct copy_end *e)
{
    return (uint8_t *)frame_vaddr(e->mfn) + e->at % PAGE_SIZE;
}

/* length is at most PAGE_SIZE. */
static inline bool is_in_frame(const struct copy_end *e, uint64_t length)
{
    if (e->foreign)
        return e->at <= PAGE_SIZE - length;
    return e->at % PAGE_SIZE <= PAGE_SIZE - length;
}

/* A frame of the caller's own: no reference is needed. */
static inline int look_at_own(struct grant_call *c, struct copy_end *e,
                              bool writable)
{
    struct memory_owner *m = c->m;
    uint64_t state;
    int error;

    e->mfn = e->at >> PAGE_SHIFT;
    if (e->mfn >= nr_frame_infos)
        return -PARAPET_EPERM;
    state = frame_state(frame_info(e->mfn));
    if ((state & (STATE_OWNER | STATE_TYPE | STATE_VALID)) == m->valid_writable)
        return 0;
    if ((state & STATE_OWNER) != m->owner)
        return -PARAPET_EPERM;
    if (!writable)
        return 0;
    error = type_get_writable(m, e->mfn);
    if (!error)
        type_put_writable(e->mfn);
    return error;
}

static __attribute__((noinline)) int find_lender(struct copy_lender *lender,
                                                 uint32_t id)
{
    struct domain *d = domain_find(id);

    if (!d)
        return -PARAPET_ENOENT;
    lender->id = id;
    lender->owner = &d->memory;
    return 0;
}

GRANT_INLINE int take_end(struct grant_call *c, struct copy_lender *lender,
                          struct copy_end *e, bool writable)
{
    const uint32_t id = (uint32_t)e->who, ref = (uint32_t)(e->who >> 32);
    int error = 0;

    if (!e->foreign)
        return look_at_own(c, e, writable);
    if (__builtin_expect(lender->id != id, 0))
        error = find_lender(lender, id);
    if (error)
        return error;
    e->lender = lender->owner;
    spin_lock(&e->lender->grants.lock);
    if (__builtin_expect(e->lender->grants.closed, 0))
        error = -PARAPET_ENOENT;
    else
        error = grant_take(e->lender, ref, c->id, writable, &e->mfn);
    spin_unlock(&e->lender->grants.lock);
    return error;
}

GRANT_INLINE void drop_end(const struct copy_end *e, bool writable)
{
    if (!e->foreign)
        return;
    spin_lock(&e->lender->grants.lock);
    grant_drop(e->lender, (uint32_t)(e->who >> 32), writable, e->mfn);
    spin_unlock(&e->lender->grants.lock);
}

static inline void copy_up(void *to, const void *from, uint64_t length)
{
    uint64_t words = length / sizeof(uint64_t);
    uint64_t rest = length % sizeof(uint64_t);

    __asm__ volatile("rep movsq\n"
                     "mov %[rest], %%rcx\n"
                     "rep movsb"
                     : "+D"(to), "+S"(from), "+c"(words)
                     : [rest] "r"(rest)
                     : "memory");
}

/* From the end, for what overlaps. The entries of the hypervisor clear the
 * direction flag, should an NMI come. */
static void copy_down(uint8_t *to, const uint8_t *from, uint64_t length)
{
    uint64_t words = length / sizeof(uint64_t);
    uint64_t rest = length % sizeof(uint64_t);

    to += length - 1;
    from += length - 1;
    __asm__ volatile("std\n"
                     "rep movsb\n"
                     "sub $7, %%rdi\n"
                     "sub $7, %%rsi\n"
                     "mov %[words], %%rcx\n"
                     "rep movsq\n"
                     "cld"
                     : "+D"(to), "+S"(from), "+c"(rest)
                     : [words] "r"(words)
                     : "memory", "cc");
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

/* Both ends are within a frame: 0, and they are taken; or the error, and the
 * end that it is about in *which. */
GRANT_INLINE int take_ends(struct grant_call *c, struct copy_lender *lender,
                           struct copy_end *source, struct copy_end *dest,
                           uint64_t *which)
{
    int error;

    *which = source->who;
    error = take_end(c, lender, source, false);
    if (__builtin_expect(error != 0, 0))
        return error;
    *which = dest->who;
    error = take_end(c, lender, dest, true);
    if (__builtin_expect(error != 0, 0))
        drop_end(source, false);
    return error;
}

GRANT_INLINE void read_end(struct copy_end *e, uint64_t who, uint64_t at)
{
    e->who = who;
    e->at = at;
    e->foreign = (uint32_t)who != PARAPET_DOMAIN_SELF;
    e->lender = NULL;
    e->mfn = 0;
}

/* The last word of the element: length again, and above it status. */
GRANT_INLINE int64_t tell(const struct grant_call *c, uint64_t length,
                          int status)
{
    const uint64_t to = c->at + offsetof(struct parapet_grant_copy, length);

    return guest_write_1(to, length | (uint64_t)(uint32_t)status << 32)
               ? 0
               : -PARAPET_EFAULT;
}

GRANT_INLINE int64_t copy_one(struct grant_call *c, struct copy_lender *lender)
{
    struct copy_end source, dest;
    uint64_t words[NR_WORDS], which = 0, length;
    int error = -PARAPET_EINVAL;
    int64_t result;

    if (!guest_read_5(c->at, words))
        return -PARAPET_EFAULT;
    read_end(&source, words[SOURCE], words[SOURCE_AT]);
    read_end(&dest, words[DEST], words[DEST_AT]);
    length = (uint32_t)words[LENGTH];
    if (length <= PAGE_SIZE && is_in_frame(&source, length) &&
        is_in_frame(&dest, length))
        error = take_ends(c, lender, &source, &dest, &which);
    if (__builtin_expect(error != 0, 0)) {
        result = grant_call_failed(c, &error, which);
        return result ? result : tell(c, length, error);
    }
    /* First, so that what cannot be told is not done. */
    result = tell(c, length, 0);
    if (__builtin_expect(result == 0, 1))
        copy(&source, &dest, length);
    drop_end(&dest, true);
    drop_end(&source, false);
    return result;
}

/* As far as it waits for no lender's lock. */
GRANT_INLINE int64_t copy_some(struct grant_call *c, struct copy_lender *lender,
                               uint64_t end)
{
    int64_t result;

    for (; c->at != end; c->at += COPY_SIZE) {
        if (__builtin_expect(grant_call_has_waited(), 0) && c->at != c->first)
            return -PARAPET_ERESTART;
        do {
            result = copy_one(c, lender);
        } while (__builtin_expect(result > 0, 0));
        if (__builtin_expect(result < 0, 0))
            return result;
    }
    return 0;
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
    struct copy_lender lender = {.id = GRANT_NOBODY};
    struct grant_call c;
    int64_t result = grant_call_begin(&c, elements, nr, COPY_SIZE);
    uint64_t end;

    if (result)
        return result;
    while (c.at != c.end && result == 0) {
        end =
            grant_call_share(&c, COPIES_AT_A_TIME, COPY_SIZE, WORK_GRANT_COPY);
        result = end ? copy_some(&c, &lender, end) : -PARAPET_ERESTART;
    }
    return grant_call_end(&c, result, COPY_SIZE);
}

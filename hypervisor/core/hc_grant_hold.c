/* SPDX-License-Identifier: MIT
 *
 * Frames of others that are held without a mapping: grant_hold and
 * grant_release.
 */
#include "abi/errors.h"
#include "hypervisor/core/grant_call.h"
#include "hypervisor/core/guest_words.h"
#include "hypervisor/core/hc_grant_run.h"
#include "hypervisor/mm/work.h"

#define HOLD_SIZE sizeof(struct parapet_grant_hold)
#define RELEASE_SIZE sizeof(struct parapet_grant_unmap)

_Static_assert(WORK_GRANT_HOLD % HOLD_SIZE == 0 &&
                   WORK_GRANT_RELEASE % RELEASE_SIZE == 0,
               "whole numbers for each byte");

/* All but the first word of an element: flags again, and above them status;
 * handle; maddr. */
GRANT_INLINE int64_t tell_hold(const struct grant_call *c, uint64_t flags,
                               int status, uint32_t handle, uint64_t maddr)
{
    const uint32_t offset = offsetof(struct parapet_grant_hold, flags);

    flags |= (uint64_t)(uint32_t)status << 32;
    return __builtin_expect(guest_write_3(c->at, offset, flags, handle, maddr),
                            1)
               ? 0
               : -PARAPET_EFAULT;
}

/*
 * ---- what is not as usual ----
 *
 * It is apart, so that the compiler has the registers for what is: the call's
 * state goes through memory here, and only here.
 */

/* Nothing is held, by c->error. */
static int64_t hold_failed(struct grant_call *c, uint64_t who, uint32_t flags)
{
    int64_t result = grant_call_failed(c, who);

    return result ? result : tell_hold(c, flags, c->error, 0, 0);
}

/* An element that was read, of which nothing is done yet. word: the one with
 * its flags. */
static __attribute__((noinline, cold)) int64_t
hold_rare(struct grant_call *c, uint64_t who, uint64_t word)
{
    const uint32_t flags = (uint32_t)word;
    const bool writable = flags == 0;
    struct grant_mapping *mapping = NULL;
    int64_t result;
    mfn_t mfn;

    c->error = grant_handle_next(c->m, &mapping);
    if (!c->error && !writable && flags != PARAPET_GRANT_READONLY)
        c->error = -PARAPET_EINVAL;
    if (c->error)
        return hold_failed(c, who, flags);
    mfn = grant_call_take(c, who, writable);
    if (mfn == MFN_NONE)
        return hold_failed(c, who, flags);
    grant_take_handle(c->m, mapping, GRANT_HOLD, who, writable, mfn);
    result = tell_hold(c, flags, 0, mapping->handle, frame_paddr(mfn));
    if (result)
        grant_call_drop_mapping(c, mapping);
    return result;
}

static __attribute__((noinline, cold)) void
undo_hold(struct grant_call *c, struct grant_mapping *mapping)
{
    grant_call_drop_mapping(c, mapping);
}

GRANT_INLINE int64_t hold_otherwise(struct grant_call *c, uint64_t who,
                                    uint64_t word)
{
    struct grant_call other = *c;
    int64_t result = hold_rare(&other, who, word);

    *c = other;
    return result;
}

/* Its element can no longer be written, so nobody would know the handle. */
GRANT_INLINE int64_t hold_untold(struct grant_call *c,
                                 struct grant_mapping *mapping)
{
    struct grant_call other = *c;

    undo_hold(&other, mapping);
    *c = other;
    return -PARAPET_EFAULT;
}

/* ---- what is as usual ---- */

/* words: of the element, whose flags are a constant here. */
GRANT_INLINE int64_t hold_as(struct grant_call *c, const uint64_t words[2],
                             struct grant_mapping *mapping, uint32_t flags)
{
    const bool writable = flags == 0;
    const uint64_t who = words[0];
    mfn_t mfn;

    if (__builtin_expect(c->locked_id != (uint32_t)who, 0) &&
        !grant_call_enter_to_take(c, (uint32_t)who))
        return hold_otherwise(c, who, words[1]);
    if (__builtin_expect(!grant_take_short(c->lender, (uint32_t)(who >> 32),
                                           c->id, c->lent[writable], writable,
                                           &mfn),
                         0))
        return hold_otherwise(c, who, words[1]);
    grant_take_handle(c->m, mapping, GRANT_HOLD, who, writable, mfn);
    if (__builtin_expect(
            tell_hold(c, flags, 0, mapping->handle, frame_paddr(mfn)) == 0, 1))
        return 0;
    return hold_untold(c, mapping);
}

GRANT_INLINE int64_t hold_one(struct grant_call *c)
{
    struct grant_mapping *mapping = c->m->handles.free;
    uint64_t words[2];

    if (!guest_read_2(c->at, words))
        return -PARAPET_EFAULT;
    if (__builtin_expect(!mapping, 0))
        return hold_otherwise(c, words[0], words[1]);
    if (__builtin_expect((uint32_t)words[1] == 0, 1))
        return hold_as(c, words, mapping, 0);
    if ((uint32_t)words[1] == PARAPET_GRANT_READONLY)
        return hold_as(c, words, mapping, PARAPET_GRANT_READONLY);
    return hold_otherwise(c, words[0], words[1]);
}

GRANT_INLINE int64_t hold_some(struct grant_call *c, uint64_t end)
{
    int64_t result;

    for (; c->at != end; c->at += HOLD_SIZE) {
        do {
            result = hold_one(c);
        } while (__builtin_expect(result > 0, 0));
        if (__builtin_expect(result < 0, 0))
            return result;
    }
    return 0;
}

/*
 * grant_hold: each of elements[0..nr) takes a frame that another domain lends,
 * without a mapping, and is told its machine address; see struct
 * parapet_grant_hold. Errors, and status, as for grant_map; EINVAL: flags is
 * neither 0 nor PARAPET_GRANT_READONLY.
 */
int64_t hc_grant_hold(uint64_t elements, uint64_t nr)
{
    const uint64_t end = elements + nr * HOLD_SIZE;
    struct grant_call c;
    int64_t result = grant_call_begin(&c, elements, nr, HOLD_SIZE);
    uint64_t until;

    if (__builtin_expect(result != 0, 0))
        return result;
    /* What is held to be read is mostly lent for no more. */
    c.lent[false] |= PARAPET_GRANT_READONLY;
    until =
        grant_call_first(&c, end, GRANT_AT_A_TIME, HOLD_SIZE, WORK_GRANT_HOLD);
    while ((result = hold_some(&c, until)) == 0 && c.at != end) {
        grant_call_unlock(&c);
        until = grant_call_next(c.m, c.at, end, GRANT_AT_A_TIME, HOLD_SIZE,
                                WORK_GRANT_HOLD);
        if (until == 0) {
            result = -PARAPET_ERESTART;
            break;
        }
    }
    return grant_call_end(&c, result, HOLD_SIZE);
}

/* Of another lender than the one before. After a wait for the lock of that one
 * the call ends. */
GRANT_INLINE int64_t release_other(struct grant_call *c,
                                   struct grant_mapping *mapping)
{
    if (c->at != c->first && grant_call_has_waited())
        return -PARAPET_ERESTART;
    grant_call_drop_mapping(c, mapping);
    return 0;
}

GRANT_INLINE int64_t release_as(struct grant_call *c,
                                struct grant_mapping *mapping, bool writable)
{
    if (__builtin_expect((uint32_t)c->locked_id != mapping->lender, 0))
        return release_other(c, mapping);
    grant_drop_open(c->lender, mapping->ref, writable, mapping->mfn);
    grant_handle_free(c->m, mapping);
    return 0;
}

/* Not of a single hold: see release_run(). */
#define RELEASE_OTHERWISE 1

GRANT_INLINE int64_t release_one(struct grant_call *c)
{
    struct grant_mapping *mapping;
    uint32_t handle;

    if (!guest_begin_1(c->at, &handle))
        return -PARAPET_EFAULT;
    if (__builtin_expect(!grant_handle_exists(c->m, handle), 0))
        return grant_tell_none(c->at);
    mapping = grant_handle_at(&c->m->handles, handle);
    /* The next one looks at less of it, so that neither needs a register. */
    if (__builtin_expect(mapping->how == grant_how(GRANT_HOLD, true), 1))
        return release_as(c, mapping, true);
    if (mapping->kind == GRANT_HOLD)
        return release_as(c, mapping, false);
    return RELEASE_OTHERWISE;
}

/* The element at which release_some() has stopped, which is read once more. */
static __attribute__((noinline)) int64_t release_run(struct grant_call *c)
{
    struct grant_mapping *mapping = NULL;
    uint32_t handle;
    int64_t result;

    if (!guest_begin_1(c->at, &handle))
        return -PARAPET_EFAULT;
    mapping = grant_handle_find(c->m, handle, GRANT_RUN);
    result = mapping ? grant_run_release(c, mapping) : grant_tell_none(c->at);
    if (result == 0)
        c->at += RELEASE_SIZE;
    return result;
}

GRANT_INLINE int64_t release_otherwise(struct grant_call *c)
{
    struct grant_call other = *c;
    int64_t result = release_run(&other);

    *c = other;
    return result;
}

GRANT_INLINE int64_t release_some(struct grant_call *c, uint64_t end)
{
    int64_t result = 0;

    for (; c->at != end; c->at += RELEASE_SIZE) {
        result = release_one(c);
        if (__builtin_expect(result != 0, 0))
            break;
    }
    return result;
}

/* Runs are apart: their way would take registers from the others'. */
GRANT_INLINE int64_t release_all(struct grant_call *c, uint64_t end)
{
    int64_t result;

    do {
        result = release_some(c, end);
    } while (__builtin_expect(result == RELEASE_OTHERWISE, 0) &&
             (result = release_otherwise(c)) == 0);
    return result;
}

/*
 * grant_release: lets go what is held by the handles in elements[0..nr); see
 * struct parapet_grant_unmap. What was given to a device is to be back. Errors
 * as for grant_map. status: ENOENT: nothing that the caller holds has this
 * handle.
 */
int64_t hc_grant_release(uint64_t elements, uint64_t nr)
{
    const uint64_t end = elements + nr * RELEASE_SIZE;
    struct grant_call c;
    int64_t result = grant_call_begin(&c, elements, nr, RELEASE_SIZE);
    uint64_t until;

    if (__builtin_expect(result != 0, 0))
        return result;
    until = grant_call_first(&c, end, GRANT_AT_A_TIME, RELEASE_SIZE,
                             WORK_GRANT_RELEASE);
    while ((result = release_all(&c, until)) == 0 && c.at != end) {
        grant_call_unlock(&c);
        until = grant_call_next(c.m, c.at, end, GRANT_AT_A_TIME, RELEASE_SIZE,
                                WORK_GRANT_RELEASE);
        if (until == 0) {
            result = -PARAPET_ERESTART;
            break;
        }
    }
    result = grant_call_end(&c, result, RELEASE_SIZE);
    if (__builtin_expect(result == -PARAPET_ERESTART, 0))
        return grant_tell_again(c.at +
                                offsetof(struct parapet_grant_unmap, status));
    return result;
}

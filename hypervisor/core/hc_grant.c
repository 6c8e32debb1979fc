/* SPDX-License-Identifier: MIT
 *
 * Frames of others that are mapped: grant_map and grant_unmap.
 *
 * A mapping has two references: to the frame, by the lender's record of the
 * entry, and to the caller's own table, which stays one (mm/table.h). Nothing
 * but grant_unmap() takes it away, and the owner's end. It clears all entries
 * first, then has the CPUs flush that may translate by them, and only then
 * drops what they referred to.
 */
#include "abi/errors.h"
#include "abi/memory.h"
#include "hypervisor/core/grant_call.h"
#include "hypervisor/core/grant_single.h"
#include "hypervisor/mm/tlb.h"
#include "hypervisor/mm/work.h"

/* What a mapping can be besides present. */
#define MAP_BITS                                                               \
    (PARAPET_PTE_W | PARAPET_PTE_U | PARAPET_PTE_A | PARAPET_PTE_D |           \
     PARAPET_PTE_SOFT | PARAPET_PTE_NX)

#define MAP_SIZE sizeof(struct parapet_grant_map)
#define UNMAP_SIZE sizeof(struct parapet_grant_unmap)

_Static_assert(WORK_GRANT_MAP % MAP_SIZE == 0 &&
                   WORK_GRANT_UNMAP % UNMAP_SIZE == 0,
               "whole numbers for each byte");

static __attribute__((noinline)) void flush_others(struct memory_owner *m,
                                                   uint64_t cpus)
{
    work_add(&m->work, (64 - (uint32_t)__builtin_clzl(cpus | 1)) * WORK_CPU);
    (void)tlb_flush_later_than(tlb_clock_now(), cpus);
}

/* No CPU translates any more by what was in the caller's tables. */
GRANT_INLINE void flush(struct memory_owner *m)
{
    uint64_t cpus = __atomic_load_n(&m->tlb_cpus, __ATOMIC_SEQ_CST);

    if (__builtin_expect(cpus == 1ul << this_cpu()->id, 1))
        tlb_flush_local();
    else
        flush_others(m, cpus);
}

/* ---- mappings ---- */

/* Its element can no longer be written, so nobody would know the handle. */
GRANT_INLINE void undo_map(struct grant_call *c, struct grant_mapping *mapping)
{
    table_unmap_foreign(c->m, mapping->pte);
    /* Its lender's others do not wait for this domain's CPUs. */
    grant_call_unlock(c);
    flush(c->m);
    grant_call_drop_mapping(c, mapping);
}

/* words: of the element. Returns the frame, which is mapped; or MFN_NONE, with
 * c->error. */
GRANT_INLINE mfn_t map_frame(struct grant_call *c, const uint64_t words[3],
                             bool writable)
{
    const uint64_t bits = words[2] | PARAPET_PTE_P;
    mfn_t mfn = grant_call_take(c, words[0], writable);

    if (__builtin_expect(mfn == MFN_NONE, 0))
        return MFN_NONE;
    c->error = table_map_foreign(c->m, words[1], frame_paddr(mfn) | bits);
    if (__builtin_expect(c->error == 0, 1))
        return mfn;
    grant_call_drop(c, words[0], writable, mfn);
    return MFN_NONE;
}

/* Nothing was mapped, by c->error. */
GRANT_INLINE int64_t map_failed(struct grant_call *c, uint64_t who)
{
    int64_t result = grant_call_failed(c, who);

    return result
               ? result
               : grant_tell_1(c->at, offsetof(struct parapet_grant_map, status),
                              (uint32_t)c->error);
}

GRANT_INLINE int64_t map_as(struct grant_call *c, const uint64_t words[3],
                            struct grant_mapping *mapping, bool writable)
{
    mfn_t mfn = map_frame(c, words, writable);
    int64_t result;

    if (__builtin_expect(mfn == MFN_NONE, 0))
        return map_failed(c, words[0]);
    grant_take_handle(c->m, mapping, GRANT_MAP, words[0], writable, mfn);
    mapping->pte = words[1];
    /* status is 0, and handle above it. */
    result = grant_tell_1(c->at, offsetof(struct parapet_grant_map, status),
                          (uint64_t)mapping->handle << 32);
    if (__builtin_expect(result != 0, 0))
        undo_map(c, mapping);
    return result;
}

GRANT_INLINE int64_t map_one(struct grant_call *c)
{
    struct grant_mapping *mapping = NULL;
    uint64_t words[3];

    if (!guest_read_3(c->at, words))
        return -PARAPET_EFAULT;
    c->error = grant_handle_next(c->m, &mapping);
    if (__builtin_expect((words[2] & ~(uint64_t)MAP_BITS) != 0, 0))
        c->error = -PARAPET_EINVAL;
    if (__builtin_expect(c->error != 0, 0))
        return map_failed(c, words[0]);
    if (words[2] & PARAPET_PTE_W)
        return map_as(c, words, mapping, true);
    return map_as(c, words, mapping, false);
}

GRANT_INLINE int64_t map_some(struct grant_call *c, uint64_t end)
{
    int64_t result;

    for (; c->at != end; c->at += MAP_SIZE) {
        do {
            result = map_one(c);
        } while (__builtin_expect(result > 0, 0));
        if (__builtin_expect(result < 0, 0))
            return result;
    }
    return 0;
}

static __attribute__((noinline)) int64_t map_all(uint64_t elements, uint64_t nr)
{
    const uint64_t end = elements + nr * MAP_SIZE;
    struct grant_call c;
    int64_t result = grant_call_begin(&c, elements, nr, MAP_SIZE);
    uint64_t until;

    if (__builtin_expect(result != 0, 0))
        return result;
    until =
        grant_call_first(&c, end, GRANT_AT_A_TIME, MAP_SIZE, WORK_GRANT_MAP);
    while ((result = map_some(&c, until)) == 0 && c.at != end) {
        grant_call_unlock(&c);
        until = grant_call_next(c.m, c.at, end, GRANT_AT_A_TIME, MAP_SIZE,
                                WORK_GRANT_MAP);
        if (until == 0) {
            result = -PARAPET_ERESTART;
            break;
        }
    }
    return grant_call_end(&c, result, MAP_SIZE);
}

/* The short way, see grant_single.h; with the frame's reference. */
GRANT_INLINE bool map_taken(struct domain *d, struct memory_owner *lender,
                            const uint64_t words[3],
                            struct grant_mapping *mapping, bool writable)
{
    struct memory_owner *m = &d->memory;
    mfn_t mfn;

    if (!grant_single_take(lender, words[0], d, writable, &mfn))
        return false;
    if (__builtin_expect(
            table_map_foreign(m, words[1],
                              frame_paddr(mfn) | words[2] | PARAPET_PTE_P) != 0,
            0)) {
        grant_drop(lender, (uint32_t)(words[0] >> 32), writable, mfn);
        return false;
    }
    grant_take_handle(m, mapping, GRANT_MAP, words[0], writable, mfn);
    mapping->pte = words[1];
    return true;
}

GRANT_INLINE bool map_short(struct domain *d, uint64_t element)
{
    struct grant_mapping *mapping = d->memory.handles.free;
    struct memory_owner *lender;
    uint64_t words[3];
    bool done;

    if (!mapping || !guest_begin_3(element, words, mapping->handle) ||
        (words[2] & ~(uint64_t)MAP_BITS) != 0)
        return false;
    lender = grant_single_lender(words[0]);
    if (!lender)
        return false;
    done = words[2] & PARAPET_PTE_W
               ? map_taken(d, lender, words, mapping, true)
               : map_taken(d, lender, words, mapping, false);
    spin_unlock(&lender->grants.lock);
    return done;
}

static int64_t map_single(uint64_t element)
{
    struct domain *d = grant_single_begin(element, MAP_SIZE);
    bool done;

    if (!d)
        return map_all(element, 1);
    done = map_short(d, element);
    memory_unlock(&d->memory);
    if (__builtin_expect(done, 1))
        return 0;
    return grant_single_end(map_all(element, 1),
                            element +
                                offsetof(struct parapet_grant_map, status));
}

/*
 * grant_map: each of elements[0..nr) maps a frame that another domain lends, by
 * an entry of the caller's tables; see struct parapet_grant_map. EFAULT: an
 * element cannot be read or written. EINVAL: elements is not aligned to 8.
 * E2BIG: more than PARAPET_MAX_GRANT_ELEMENTS. On EFAULT and ERESTART
 * restart_done elements have their status, and of the others nothing was done;
 * ERESTART: go on after them.
 *
 * status: EINVAL: a bit that a mapping must not have, or pte is not aligned to
 * 8. ENOENT: no such domain, or it has ended; pte is in no level-1 table in
 * use. EPERM: the lender does not lend this to the caller in this way, or does
 * not have it; the table of pte is not the caller's. EBUSY: the entry at pte is
 * not empty; the frame is a page table; another domain has the grant in use.
 * EAGAIN: the lender is in the middle of something. ENOSPC: as many handles, or
 * frames for them, or references as there can be. ENOMEM: no memory for
 * handles.
 */
int64_t hc_grant_map(uint64_t elements, uint64_t nr)
{
    return nr == 1 ? map_single(elements) : map_all(elements, nr);
}

/* In one round, so that waits for their locks do not add up. */
#define LENDERS_AT_A_TIME 4u

/* Mappings whose entries are cleared, and nothing else of them was done. */
struct unmapped {
    struct grant_mapping *mappings[GRANT_AT_A_TIME];
    struct grant_mapping **next;
    uint64_t lender;         /* of the last one, or GRANT_NOBODY */
    unsigned int nr_lenders; /* how often another one than before */
};

/* -ERESTART: there are enough lenders in this round. */
GRANT_INLINE int64_t clear_one(struct grant_call *c, struct unmapped *u)
{
    struct grant_mapping *mapping;
    uint32_t handle;

    if (!guest_begin_1(c->at, &handle))
        return -PARAPET_EFAULT;
    mapping = grant_handle_find(c->m, handle, GRANT_MAP);
    if (__builtin_expect(!mapping, 0))
        return grant_tell_none(c->at);
    if (__builtin_expect(u->lender != mapping->lender, 0)) {
        if (u->nr_lenders == LENDERS_AT_A_TIME)
            return grant_tell_again(
                c->at + offsetof(struct parapet_grant_unmap, status));
        u->nr_lenders++;
        u->lender = mapping->lender;
    }
    table_unmap_foreign(c->m, mapping->pte);
    mapping->kind = GRANT_UNMAPPED;
    *u->next++ = mapping;
    return 0;
}

/* Up to end, or to where a round has enough of lenders. */
GRANT_INLINE int64_t unmap_some(struct grant_call *c, uint64_t end)
{
    struct unmapped u;
    int64_t result = 0;

    u.next = u.mappings;
    u.lender = GRANT_NOBODY;
    u.nr_lenders = 0;
    for (; c->at != end; c->at += UNMAP_SIZE) {
        result = clear_one(c, &u);
        if (__builtin_expect(result != 0, 0))
            break;
    }
    if (u.next == u.mappings)
        return result;
    flush(c->m);
    for (struct grant_mapping **m = u.mappings; m != u.next; m++)
        grant_call_drop_mapping(c, *m);
    return result;
}

static __attribute__((noinline)) int64_t unmap_all(uint64_t elements,
                                                   uint64_t nr)
{
    const uint64_t end = elements + nr * UNMAP_SIZE;
    struct grant_call c;
    int64_t result = grant_call_begin(&c, elements, nr, UNMAP_SIZE);
    uint64_t until;

    if (__builtin_expect(result != 0, 0))
        return result;
    until = grant_call_first(&c, end, GRANT_AT_A_TIME, UNMAP_SIZE,
                             WORK_GRANT_UNMAP);
    while ((result = unmap_some(&c, until)) == 0 && c.at != end) {
        grant_call_unlock(&c);
        until = grant_call_next(c.m, c.at, end, GRANT_AT_A_TIME, UNMAP_SIZE,
                                WORK_GRANT_UNMAP);
        if (until == 0) {
            result = -PARAPET_ERESTART;
            break;
        }
    }
    return grant_call_end(&c, result, UNMAP_SIZE);
}

/* The short way, see grant_single.h. */
GRANT_INLINE bool unmap_short(struct memory_owner *m, uint64_t element)
{
    struct grant_call c = {.m = m, .locked_id = GRANT_NOBODY};
    struct grant_mapping *mapping;
    uint32_t handle;

    if (!guest_begin_1(element, &handle))
        return false;
    mapping = grant_handle_find(m, handle, GRANT_MAP);
    if (!mapping)
        return false;
    m->work = WORK_CALL - WORK_GRANT_UNMAP;
    table_unmap_foreign(m, mapping->pte);
    flush(m);
    grant_call_drop_mapping(&c, mapping);
    grant_call_unlock(&c);
    if (__builtin_expect(m->releasing != FRAME_INFO_NONE, 0))
        (void)table_release(m);
    return true;
}

static int64_t unmap_single(uint64_t element)
{
    struct domain *d = grant_single_begin(element, UNMAP_SIZE);
    bool done;

    if (!d)
        return unmap_all(element, 1);
    done = unmap_short(&d->memory, element);
    memory_unlock(&d->memory);
    if (__builtin_expect(done, 1))
        return 0;
    return grant_single_end(unmap_all(element, 1),
                            element +
                                offsetof(struct parapet_grant_unmap, status));
}

/*
 * grant_unmap: takes the mappings away that have the handles in
 * elements[0..nr); see struct parapet_grant_unmap. No CPU translates by them
 * any more on return. Errors as for grant_map. status: ENOENT: no mapping of
 * the caller's has this handle.
 */
int64_t hc_grant_unmap(uint64_t elements, uint64_t nr)
{
    return nr == 1 ? unmap_single(elements) : unmap_all(elements, nr);
}

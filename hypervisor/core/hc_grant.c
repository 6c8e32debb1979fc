/* SPDX-License-Identifier: MIT
 *
 * Frames of others that are mapped: grant_map and grant_unmap; and held without
 * a mapping: grant_hold and grant_release.
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
#include "hypervisor/core/guest_words.h"
#include "hypervisor/mm/tlb.h"
#include "hypervisor/mm/work.h"

/* What a mapping can be besides present. */
#define MAP_BITS                                                               \
    (PARAPET_PTE_W | PARAPET_PTE_U | PARAPET_PTE_A | PARAPET_PTE_D |           \
     PARAPET_PTE_SOFT | PARAPET_PTE_NX)

#define MAP_SIZE sizeof(struct parapet_grant_map)
#define UNMAP_SIZE sizeof(struct parapet_grant_unmap)
#define HOLD_SIZE sizeof(struct parapet_grant_hold)

_Static_assert(WORK_GRANT_MAP % MAP_SIZE == 0 &&
                   WORK_GRANT_UNMAP % UNMAP_SIZE == 0 &&
                   WORK_GRANT_HOLD % HOLD_SIZE == 0 &&
                   WORK_GRANT_RELEASE % UNMAP_SIZE == 0,
               "whole numbers for each byte");

/* Takes the handle for what was taken. */
GRANT_INLINE void take_handle(struct grant_call *c,
                              struct grant_mapping *mapping,
                              enum grant_kind kind, uint64_t who, bool writable,
                              mfn_t mfn)
{
    grant_handle_take(c->m, mapping);
    mapping->key = grant_key(kind, (uint32_t)who, writable);
    mapping->ref = (uint32_t)(who >> 32);
    mapping->mfn = (uint32_t)mfn;
}

/* The last word of an element, or its only one: 0, or -EFAULT. */
static inline int64_t tell_1(uint64_t vaddr, uint64_t word)
{
    return guest_write_1(vaddr, word) ? 0 : -PARAPET_EFAULT;
}

/* Of a handle that is not there; word is the element. */
static int64_t tell_none(uint64_t vaddr, uint64_t word)
{
    return tell_1(vaddr, (uint32_t)word | (uint64_t)-PARAPET_ENOENT << 32);
}

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
static __attribute__((noinline)) void undo_map(struct grant_call *c,
                                               struct grant_mapping *mapping)
{
    table_unmap_foreign(c->m, mapping->pte);
    /* Its lender's others do not wait for this domain's CPUs. */
    grant_call_unlock(c);
    flush(c->m);
    grant_call_drop(c, mapping, grant_call_enter(c, mapping->lender));
}

/* words: of the element. 0, *mfn is mapped. */
GRANT_INLINE int map_frame(struct grant_call *c, const uint64_t words[3],
                           mfn_t *mfn)
{
    const bool writable = words[2] & PARAPET_PTE_W;
    int error;

    if (words[2] & ~(uint64_t)MAP_BITS)
        return -PARAPET_EINVAL;
    error = grant_call_take(c, words[0], writable, mfn);
    if (error)
        return error;
    error = table_map_foreign(c->m, words[1],
                              frame_paddr(*mfn) | PARAPET_PTE_P | words[2]);
    if (__builtin_expect(error != 0, 0))
        grant_drop(c->lender, (uint32_t)(words[0] >> 32), writable, *mfn);
    return error;
}

GRANT_INLINE int64_t map_one(struct grant_call *c)
{
    const uint64_t status = c->at + offsetof(struct parapet_grant_map, status);
    struct grant_mapping *mapping;
    uint64_t words[3];
    int64_t result;
    mfn_t mfn;
    int error;

    if (!guest_read_3(c->at, words))
        return -PARAPET_EFAULT;
    error = grant_handle_next(c->m, &mapping);
    if (!error)
        error = map_frame(c, words, &mfn);
    if (__builtin_expect(error != 0, 0)) {
        result = grant_call_failed(c, &error, words[0]);
        return result ? result : tell_1(status, (uint32_t)error);
    }
    take_handle(c, mapping, GRANT_MAP, words[0], words[2] & PARAPET_PTE_W, mfn);
    mapping->pte = words[1];
    /* status is 0, and handle above it. */
    result = tell_1(status, (uint64_t)mapping->handle << 32);
    if (__builtin_expect(result != 0, 0))
        undo_map(c, mapping);
    return result;
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
    struct grant_call c;
    int64_t result = grant_call_begin(&c, elements, nr, MAP_SIZE);
    uint64_t end;

    if (result)
        return result;
    while (c.at != c.end && result == 0) {
        end = grant_call_share(&c, GRANT_AT_A_TIME, MAP_SIZE, WORK_GRANT_MAP);
        result = end ? map_some(&c, end) : -PARAPET_ERESTART;
        grant_call_unlock(&c);
    }
    return grant_call_end(&c, result, MAP_SIZE);
}

/* In one round, so that waits for their locks do not add up. */
#define LENDERS_AT_A_TIME 4u

/* Mappings whose entries are cleared, and nothing else of them was done. */
struct unmapped {
    struct grant_mapping *mappings[GRANT_AT_A_TIME];
    unsigned int nr;
    unsigned int nr_lenders; /* how often another one than before */
};

/* -ERESTART: there are enough lenders in this round. */
GRANT_INLINE int64_t clear_one(struct grant_call *c, struct unmapped *u)
{
    struct grant_mapping *mapping;
    uint64_t word;

    if (!guest_read_1(c->at, &word))
        return -PARAPET_EFAULT;
    mapping = grant_handle_find(c->m, (uint32_t)word, GRANT_MAP);
    if (__builtin_expect(!mapping, 0))
        return tell_none(c->at, word);
    if (u->nr == 0 || u->mappings[u->nr - 1]->lender != mapping->lender) {
        if (u->nr_lenders == LENDERS_AT_A_TIME)
            return -PARAPET_ERESTART;
        u->nr_lenders++;
    }
    /* Nothing can fail from here on: the status, above the handle, is 0. */
    if (tell_1(c->at, (uint32_t)word))
        return -PARAPET_EFAULT;
    table_unmap_foreign(c->m, mapping->pte);
    mapping->kind = GRANT_UNMAPPED;
    u->mappings[u->nr++] = mapping;
    return 0;
}

/* Up to end, or to where a round has enough of lenders. */
GRANT_INLINE int64_t unmap_some(struct grant_call *c, uint64_t end)
{
    struct unmapped u;
    int64_t result = 0;

    u.nr = 0;
    u.nr_lenders = 0;
    for (; c->at != end; c->at += UNMAP_SIZE) {
        result = clear_one(c, &u);
        if (__builtin_expect(result != 0, 0))
            break;
    }
    if (u.nr == 0)
        return result;
    flush(c->m);
    for (unsigned int i = 0; i < u.nr; i++) {
        uint32_t id = u.mappings[i]->lender;
        int gone = 0;

        if (__builtin_expect(c->locked_id != id, 0))
            gone = grant_call_enter(c, id);
        grant_call_drop(c, u.mappings[i], gone);
    }
    return result;
}

/*
 * grant_unmap: takes the mappings away that have the handles in
 * elements[0..nr); see struct parapet_grant_unmap. No CPU translates by them
 * any more on return. Errors as for grant_map. status: ENOENT: no mapping of
 * the caller's has this handle.
 */
int64_t hc_grant_unmap(uint64_t elements, uint64_t nr)
{
    struct grant_call c;
    int64_t result = grant_call_begin(&c, elements, nr, UNMAP_SIZE);
    uint64_t end;

    if (result)
        return result;
    while (c.at != c.end && result == 0) {
        end =
            grant_call_share(&c, GRANT_AT_A_TIME, UNMAP_SIZE, WORK_GRANT_UNMAP);
        result = end ? unmap_some(&c, end) : -PARAPET_ERESTART;
        grant_call_unlock(&c);
    }
    return grant_call_end(&c, result, UNMAP_SIZE);
}

/* ---- holds ---- */

/* words: of the element. 0, *mfn is held. */
GRANT_INLINE int hold_frame(struct grant_call *c, const uint64_t words[2],
                            mfn_t *mfn)
{
    const uint32_t flags = (uint32_t)words[1];

    if (flags & ~(uint32_t)PARAPET_GRANT_READONLY)
        return -PARAPET_EINVAL;
    return grant_call_take(c, words[0], flags == 0, mfn);
}

/* All but the first word of an element: flags again, and above them status;
 * handle; maddr. */
GRANT_INLINE int64_t tell_hold(const struct grant_call *c, uint64_t flags,
                               int status, uint32_t handle, uint64_t maddr)
{
    const uint64_t to = c->at + offsetof(struct parapet_grant_hold, flags);

    flags = (uint32_t)flags | (uint64_t)(uint32_t)status << 32;
    return guest_write_3(to, flags, handle, maddr) ? 0 : -PARAPET_EFAULT;
}

GRANT_INLINE int64_t hold_one(struct grant_call *c)
{
    struct grant_mapping *mapping;
    uint64_t words[2];
    int64_t result;
    mfn_t mfn;
    int error;

    if (!guest_read_2(c->at, words))
        return -PARAPET_EFAULT;
    error = grant_handle_next(c->m, &mapping);
    if (!error)
        error = hold_frame(c, words, &mfn);
    if (__builtin_expect(error != 0, 0)) {
        result = grant_call_failed(c, &error, words[0]);
        return result ? result : tell_hold(c, words[1], error, 0, 0);
    }
    take_handle(c, mapping, GRANT_HOLD, words[0], (uint32_t)words[1] == 0, mfn);
    result = tell_hold(c, words[1], 0, mapping->handle, frame_paddr(mfn));
    if (__builtin_expect(result != 0, 0))
        grant_call_drop(c, mapping, 0);
    return result;
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
    struct grant_call c;
    int64_t result = grant_call_begin(&c, elements, nr, HOLD_SIZE);
    uint64_t end;

    if (result)
        return result;
    while (c.at != c.end && result == 0) {
        end = grant_call_share(&c, GRANT_AT_A_TIME, HOLD_SIZE, WORK_GRANT_HOLD);
        result = end ? hold_some(&c, end) : -PARAPET_ERESTART;
        grant_call_unlock(&c);
    }
    return grant_call_end(&c, result, HOLD_SIZE);
}

GRANT_INLINE int64_t release_one(struct grant_call *c)
{
    struct grant_mapping *mapping;
    uint64_t word;
    int error;

    if (!guest_read_1(c->at, &word))
        return -PARAPET_EFAULT;
    mapping = grant_handle_find(c->m, (uint32_t)word, GRANT_HOLD);
    if (__builtin_expect(!mapping, 0))
        return tell_none(c->at, word);
    error = grant_call_lock(c, mapping->lender);
    if (__builtin_expect(error == -PARAPET_ERESTART, 0))
        return error;
    if (tell_1(c->at, (uint32_t)word))
        return -PARAPET_EFAULT;
    grant_call_drop(c, mapping, error);
    return 0;
}

GRANT_INLINE int64_t release_some(struct grant_call *c, uint64_t end)
{
    int64_t result = 0;

    for (; c->at != end && result == 0; c->at += UNMAP_SIZE)
        result = release_one(c);
    if (result)
        c->at -= UNMAP_SIZE;
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
    struct grant_call c;
    int64_t result = grant_call_begin(&c, elements, nr, UNMAP_SIZE);
    uint64_t end;

    if (result)
        return result;
    while (c.at != c.end && result == 0) {
        end = grant_call_share(&c, GRANT_AT_A_TIME, UNMAP_SIZE,
                               WORK_GRANT_RELEASE);
        result = end ? release_some(&c, end) : -PARAPET_ERESTART;
        grant_call_unlock(&c);
    }
    return grant_call_end(&c, result, UNMAP_SIZE);
}

/* SPDX-License-Identifier: MIT
 *
 * Page tables of guests: what an entry may say, what it holds, and how a
 * table comes to be one and ceases to be. The invariant is told in type.c.
 *
 * Every function here needs the owner's lock (memory_lock), and may use up
 * m->work (mm/work.h); -ERESTART says that too little is left of it, or that
 * table_release() has to be called first. On failure, failed_entry of m is
 * the machine address of the entry at fault, if it was an entry.
 */
#ifndef HYPERVISOR_MM_TABLE_H
#define HYPERVISOR_MM_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "hypervisor/base/bug.h"
#include "hypervisor/mm/type.h"

#define TABLE_ENTRIES 512u

/*
 * A reference to a table of this type: checks the frame and all below it if it
 * is not one yet. -EPERM: not m's. -EBUSY: in use as something else. -EINVAL:
 * an entry has a bit that it must not have. -ENOSPC: too many references.
 */
int table_get(struct memory_owner *m, mfn_t mfn, enum frame_type type);

/* The same of a table that is one already; -ENOENT when it is not. */
int table_get_valid_slow(struct memory_owner *m, mfn_t mfn,
                         enum frame_type type);

static inline int table_get_valid(struct memory_owner *m, mfn_t mfn,
                                  enum frame_type type)
{
    const uint64_t is = m->owner | TYPE_STATE(type) | STATE_VALID;
    struct frame_info *f;
    uint64_t state;

    if (mfn >= nr_frame_infos)
        return table_get_valid_slow(m, mfn, type);
    f = frame_info(mfn);
    state = frame_state(f);
    do {
        if ((state & (STATE_OWNER | STATE_TYPE | STATE_VALID | STATE_FULL)) !=
            is)
            return table_get_valid_slow(m, mfn, type);
    } while (!frame_state_change(f, &state, state + STATE_USE));
    return 0;
}

/* Drops such a reference. The last one puts the table on m's list. */
void table_put_last(struct memory_owner *m, mfn_t mfn);

static inline void table_put(struct memory_owner *m, mfn_t mfn)
{
    struct frame_info *f = frame_info(mfn);
    uint64_t state = frame_state(f);

    type_stamp(f);
    /* The counts of tables change under the lock: nobody is in between. */
    if ((state & STATE_COUNT) == STATE_COUNT_ONE)
        table_put_last(m, mfn);
    else
        __atomic_fetch_sub(&f->state, STATE_USE, __ATOMIC_SEQ_CST);
}

/* table_get() with a mark, so that a guest can have one of them for each
 * frame. -EEXIST: pinned as that already. */
int table_pin(struct memory_owner *m, mfn_t mfn, enum frame_type type);

/* -ENOENT: not pinned. */
int table_unpin(struct memory_owner *m, mfn_t mfn);

/*
 * Changes the bits in mask of one entry. value is as a guest writes it. index
 * is below TABLE_ENTRIES; the table's mfn is anything. -ENOENT: no table.
 * -EBUSY also when the entry maps a frame of another domain. For the others see
 * table_get().
 */
int table_write(struct memory_owner *m, mfn_t table, unsigned int index,
                uint64_t value, uint64_t mask);

/* Lets go what is on the list, as far as work lasts; true when it is empty. */
bool table_release(struct memory_owner *m);

static inline uint64_t *table_entries(mfn_t table)
{
    return frame_vaddr(table);
}

static inline unsigned int table_index(uint64_t vaddr, unsigned int level)
{
    return (unsigned int)(vaddr >> (PAGE_SHIFT + 9 * (level - 1))) & 511;
}

static inline uint64_t table_entry_paddr(mfn_t table, unsigned int index)
{
    return frame_paddr(table) + index * sizeof(uint64_t);
}

/* ---- the short path: one entry of level 1, replaced as a whole ---- */

/* What a guest may have in an entry that is present. */
#define TABLE_ENTRY_BITS                                                       \
    (PARAPET_PTE_P | PARAPET_PTE_W | PARAPET_PTE_U | PARAPET_PTE_A |           \
     PARAPET_PTE_D | PARAPET_PTE_SOFT | PARAPET_PTE_ADDRESS | PARAPET_PTE_NX)

static inline mfn_t table_entry_mfn(uint64_t entry)
{
    return (entry & PARAPET_PTE_ADDRESS) >> PAGE_SHIFT;
}

/* Whether the entry, of a table of level 1 in use, maps a frame of another
 * domain. One that is not present may have that bit as any other. */
static inline bool table_entry_is_foreign(uint64_t entry)
{
    const uint64_t foreign = PARAPET_PTE_P | PARAPET_PTE_FOREIGN;

    return (entry & foreign) == foreign;
}

/*
 * What an entry of level 1, as a guest writes it, refers to: taken, and
 * dropped. Writable memory first, since most entries are that.
 */
int table_get_page_slow(struct memory_owner *m, uint64_t entry);
void table_put_page_slow(uint64_t entry);

static inline int table_get_page(struct memory_owner *m, uint64_t entry)
{
    const uint64_t writable = PARAPET_PTE_P | PARAPET_PTE_W;

    if (__builtin_expect(
            (entry & (~(uint64_t)TABLE_ENTRY_BITS | writable)) == writable, 1))
        return type_get_writable(m, table_entry_mfn(entry));
    return table_get_page_slow(m, entry);
}

static inline void table_put_page(uint64_t entry)
{
    const uint64_t writable = PARAPET_PTE_P | PARAPET_PTE_W;

    if (__builtin_expect((entry & writable) == writable, 1))
        type_put_writable(table_entry_mfn(entry));
    else
        table_put_page_slow(entry);
}

/* From what a guest writes to what the CPU sees: the user bit always set. */
static inline uint64_t table_encode(uint64_t entry)
{
    if ((entry & (PARAPET_PTE_P | PARAPET_PTE_U)) == PARAPET_PTE_P)
        entry |= PARAPET_PTE_U | PARAPET_PTE_KERNEL;
    return entry;
}

/* Whether the frame is a table of level 1 in use, none of whose entries maps a
 * frame of another domain; mfn is anything. */
static inline bool table_is_l1(const struct memory_owner *m, mfn_t mfn)
{
    return mfn < nr_frame_infos && (frame_state(frame_info(mfn)) &
                                    (STATE_OWNER | STATE_TYPE | STATE_VALID |
                                     STATE_FOREIGN)) == m->valid_l1;
}

/* table_write() to such a table, or to an entry that is not foreign, with all
 * bits; does not note the failure. */
static inline __attribute__((always_inline)) int
table_replace(struct memory_owner *m, uint64_t *entry, uint64_t value)
{
    int error = table_get_page(m, value);

    if (__builtin_expect(error == 0, 1))
        table_put_page(
            __atomic_exchange_n(entry, table_encode(value), __ATOMIC_SEQ_CST));
    return error;
}

/*
 * Finds the level-1 entry for vaddr below a root that is in use; false when a
 * table on the way is missing. vaddr is canonical and not the hypervisor's.
 */
static inline bool table_walk(mfn_t root, uint64_t vaddr, uint64_t **result)
{
    uint64_t entry;

    entry = table_entries(root)[table_index(vaddr, 4)];
    if (!(entry & PARAPET_PTE_P))
        return false;
    entry = table_entries(table_entry_mfn(entry))[table_index(vaddr, 3)];
    if (!(entry & PARAPET_PTE_P))
        return false;
    entry = table_entries(table_entry_mfn(entry))[table_index(vaddr, 2)];
    if (!(entry & PARAPET_PTE_P))
        return false;
    *result = &table_entries(table_entry_mfn(entry))[table_index(vaddr, 1)];
    return true;
}

/* ---- entries that map what is not the domain's own ---- */

static inline uint64_t *entry_at(uint64_t pte)
{
    return paddr_to_vaddr(pte);
}

/*
 * Makes the empty entry of a table of level 1 in use, at machine address pte,
 * map what is not the domain's own. entry is as a guest writes it, with or
 * without PARAPET_PTE_P, and was checked. From then on nothing changes it but
 * table_unmap_foreign(), and the table stays one. -EINVAL: pte is not aligned
 * to 8. -EPERM: the table is not m's. -ENOENT: it is no table of level 1 in
 * use. -EBUSY: the entry is not 0. -ENOSPC: too many references to the table.
 * Uses up no work.
 */
static inline __attribute__((always_inline)) int
table_map_checked(struct memory_owner *m, uint64_t pte, uint64_t entry)
{
    const mfn_t table = pte >> PAGE_SHIFT;
    struct frame_info *f;
    uint64_t state;

    if (pte % sizeof(uint64_t) != 0)
        return -PARAPET_EINVAL;
    if (table >= nr_frame_infos)
        return -PARAPET_EPERM;
    f = frame_info(table);
    state = frame_state(f);
    do {
        if (__builtin_expect((state & (STATE_OWNER | STATE_TYPE | STATE_VALID |
                                       STATE_FULL)) != m->valid_l1,
                             0))
            return table_get_valid_slow(m, table, TYPE_L1);
        if (__builtin_expect(
                __atomic_load_n(entry_at(pte), __ATOMIC_RELAXED) != 0, 0))
            return -PARAPET_EBUSY;
    } while (
        !frame_state_change(f, &state, (state + STATE_USE) | STATE_FOREIGN));
    f->nr_foreign++;
    m->detours++;
    entry |= PARAPET_PTE_P | PARAPET_PTE_FOREIGN;
    __atomic_store_n(entry_at(pte), table_encode(entry), __ATOMIC_SEQ_CST);
    return 0;
}

/* The same for a frame of another domain, to which the caller has a reference
 * (type_get_foreign). -EINVAL, too: entry has a bit that it must not have. */
static inline __attribute__((always_inline)) int
table_map_foreign(struct memory_owner *m, uint64_t pte, uint64_t entry)
{
    if (entry & ~(uint64_t)TABLE_ENTRY_BITS)
        return -PARAPET_EINVAL;
    return table_map_checked(m, pte, entry);
}

/* Drops the last reference to the table, with its mark. */
void table_unmap_last(struct memory_owner *m, mfn_t table);

/*
 * Clears such an entry. CPUs may go on translating by it: the caller has them
 * flush before he drops his reference to the frame.
 */
static inline __attribute__((always_inline)) void
table_unmap_foreign(struct memory_owner *m, uint64_t pte)
{
    const mfn_t table = pte >> PAGE_SHIFT;
    struct frame_info *f = frame_info(table);
    uint64_t old = __atomic_exchange_n(entry_at(pte), 0, __ATOMIC_SEQ_CST);
    uint64_t drop = STATE_USE;

    BUG_ON(!table_entry_is_foreign(old) || f->nr_foreign == 0);
    m->detours--;
    if (--f->nr_foreign == 0)
        drop += STATE_FOREIGN; /* which is set */
    if (__builtin_expect((frame_state(f) & STATE_COUNT) == STATE_COUNT_ONE,
                         0)) {
        table_unmap_last(m, table);
        return;
    }
    /* No CPU translates by this reference, so it leaves no stamp. */
    __atomic_fetch_sub(&f->state, drop, __ATOMIC_SEQ_CST);
}

#endif

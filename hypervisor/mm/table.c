/* SPDX-License-Identifier: MIT
 *
 * Owns the entries of all guests' page tables. See type.c for the invariant.
 *
 * Checking a table goes down into the tables below it, at most four deep, and
 * keeps its place in each frame (nr_valid), so that it can stop anywhere: a
 * table at which it stopped is like one that was let go down to that entry.
 * Letting go never goes down: a table that loses its last reference is put on a
 * list, from which table_release() takes them one after the other.
 */
#include "hypervisor/mm/table.h"

#include "abi/errors.h"
#include "hypervisor/base/bug.h"
#include "hypervisor/mm/paging.h"
#include "hypervisor/mm/work.h"
#include "lib/macros.h"

#define GROUP 8u /* entries that are looked at together */

/* Back from what table_encode() makes. */
static inline uint64_t entry_decode(uint64_t entry)
{
    if ((entry & PARAPET_PTE_P) && (entry & PARAPET_PTE_KERNEL))
        entry &= ~(uint64_t)(PARAPET_PTE_U | PARAPET_PTE_KERNEL);
    return entry;
}

/*
 * What every level has in common. An entry that is not present has no address,
 * because some CPUs read through it speculatively (L1TF).
 */
static inline int entry_check(uint64_t entry)
{
    uint64_t refused = entry & PARAPET_PTE_P ? ~(uint64_t)TABLE_ENTRY_BITS
                                             : PARAPET_PTE_ADDRESS;

    return entry & refused ? -PARAPET_EINVAL : 0;
}

int table_get_page_slow(struct memory_owner *m, uint64_t entry)
{
    int error = entry_check(entry);

    if (error || !(entry & PARAPET_PTE_P))
        return error;
    return entry & PARAPET_PTE_W ? type_get_writable(m, table_entry_mfn(entry))
                                 : type_get(m, table_entry_mfn(entry));
}

void table_put_page_slow(uint64_t entry)
{
    if (!(entry & PARAPET_PTE_P))
        return;
    if (entry & PARAPET_PTE_W)
        type_put_writable(table_entry_mfn(entry));
    else
        type_put(table_entry_mfn(entry));
}

/* Whether the slot of a root is for the guest to fill. */
static inline bool slot_is_guests(enum frame_type type, unsigned int index)
{
    if (type == TYPE_USER_ROOT)
        return index < HV_FIRST_SLOT;
    return type != TYPE_L4 || index < HV_FIRST_SLOT ||
           index >= HV_FIRST_SLOT + HV_NR_SLOTS;
}

/* The hypervisor's slots, of which a user root has all but the M2P. */
static inline bool slot_is_hypervisors(enum frame_type type, unsigned int index)
{
    return (type == TYPE_L4 || type == TYPE_USER_ROOT) &&
           index >= HV_FIRST_SLOT && index < HV_FIRST_SLOT + HV_NR_SLOTS;
}

/* What an entry of this table refers to. */
static inline enum frame_type type_below(enum frame_type type)
{
    return type == TYPE_USER_ROOT ? TYPE_L3 : (enum frame_type)(type - 1);
}

/* Takes what an entry, as a guest writes it, refers to. */
static int entry_get(struct memory_owner *m, enum frame_type type,
                     unsigned int index, uint64_t entry)
{
    int error;

    if (type == TYPE_L1)
        return table_get_page(m, entry);
    if (!slot_is_guests(type, index))
        return entry ? -PARAPET_EPERM : 0;
    error = entry_check(entry);
    if (error || !(entry & PARAPET_PTE_P))
        return error;
    /* Below, all is the user's, whatever its entries say (docs/ABI.md, 3). */
    if (type == TYPE_USER_ROOT && !(entry & PARAPET_PTE_U))
        return -PARAPET_EINVAL;
    if (!work_take(&m->work, WORK_REFER))
        return -PARAPET_ERESTART;
    return table_get(m, table_entry_mfn(entry), type_below(type));
}

static void entry_put(struct memory_owner *m, enum frame_type type,
                      uint64_t entry)
{
    if (type == TYPE_L1)
        table_put_page(entry);
    else if (entry & PARAPET_PTE_P)
        table_put(m, table_entry_mfn(entry));
}

static int entry_failed(struct memory_owner *m, mfn_t table, unsigned int index,
                        int error)
{
    if (error != -PARAPET_ERESTART && m->failed_entry == 0)
        m->failed_entry = table_entry_paddr(table, index);
    return error;
}

static inline bool group_is_empty(const uint64_t *e)
{
    return (e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7]) == 0;
}

/* The work of an empty group for each of its entries. */
#define WORK_EMPTY (WORK_GROUP / GROUP)
_Static_assert(WORK_EMPTY *GROUP == WORK_GROUP, "it is a whole number");

/* Whether there is enough for all groups of a table. */
static inline bool work_for_all(const struct memory_owner *m)
{
    return __builtin_expect(m->work >= TABLE_ENTRIES * WORK_EMPTY, 1);
}

/* From entry i on, past whole groups that are empty, and back. */
static unsigned int skip_empty(struct memory_owner *m, const uint64_t *entries,
                               unsigned int i)
{
    unsigned int start = i, limit = TABLE_ENTRIES;

    if (i % GROUP != 0)
        return i;
    if (!work_for_all(m))
        limit = MIN(limit, i + m->work / WORK_EMPTY);
    while (i + GROUP <= limit && group_is_empty(entries + i))
        i += GROUP;
    m->work -= (i - start) * WORK_EMPTY;
    return i;
}

static unsigned int skip_empty_down(struct memory_owner *m,
                                    const uint64_t *entries, unsigned int i)
{
    unsigned int start = i, limit = 0;

    if (i % GROUP != 0)
        return i;
    if (!work_for_all(m))
        limit = i - MIN(i, m->work / WORK_GROUP * GROUP);
    while (i > limit && group_is_empty(entries + i - GROUP))
        i -= GROUP;
    m->work -= (start - i) * WORK_EMPTY;
    return i;
}

/* ---- to become a table ---- */

/*
 * Goes on at nr_valid. The frame cannot be written to by any guest now: its
 * type is that of a table, with a reference.
 */
static int check_entries(struct memory_owner *m, mfn_t mfn,
                         enum frame_type type)
{
    struct frame_info *f = frame_info(mfn);
    uint64_t *entries = table_entries(mfn);
    int error;

    for (;;) {
        unsigned int i = skip_empty(m, entries, f->nr_valid);

        f->nr_valid = (uint16_t)i;
        if (i == TABLE_ENTRIES)
            return 0;
        if (!work_take(&m->work, WORK_CHECK))
            return -PARAPET_ERESTART;
        error = entry_get(m, type, i, entries[i]);
        if (error)
            return entry_failed(m, mfn, i, error);
        entries[i] = table_encode(entries[i]);
        f->nr_valid++;
    }
}

/* A root also gets the hypervisor's slots. */
static void fill_slots(mfn_t root, enum frame_type type)
{
    const uint64_t *from = table_entries(paging_root());
    uint64_t *to = table_entries(root);

    if (type != TYPE_L4 && type != TYPE_USER_ROOT)
        return;
    for (unsigned int i = HV_FIRST_SLOT; i < HV_FIRST_SLOT + HV_NR_SLOTS; i++)
        to[i] = from[i];
    if (type == TYPE_USER_ROOT)
        to[HV_FIRST_SLOT] = 0; /* the M2P */
}

/* The claim was in vain: what was checked so far is kept, or let go. */
static void unclaim(struct memory_owner *m, mfn_t mfn, int error)
{
    struct frame_info *f = frame_info(mfn);

    type_stamp(f);
    __atomic_fetch_sub(&f->state, STATE_USE, __ATOMIC_SEQ_CST);
    if (error != -PARAPET_ERESTART && f->nr_valid != 0)
        table_release_later(m, mfn);
}

static int table_make(struct memory_owner *m, mfn_t mfn, enum frame_type type)
{
    int error = check_entries(m, mfn, type);

    if (error) {
        unclaim(m, mfn, error);
        return error;
    }
    fill_slots(mfn, type);
    type_validate(frame_info(mfn));
    return 0;
}

int table_get(struct memory_owner *m, mfn_t mfn, enum frame_type type)
{
    struct frame_info *f;
    uint64_t state;

    if (mfn >= nr_frame_infos)
        return -PARAPET_EPERM;
    f = frame_info(mfn);
    for (;;) {
        state = frame_state(f);
        if ((state & STATE_OWNER) != m->owner)
            return -PARAPET_EPERM;
        if (state & STATE_FULL)
            return -PARAPET_ENOSPC;
        if (state_type(state) == type && (state & STATE_VALID)) {
            if (frame_state_change(f, &state, state + STATE_USE))
                return 0;
            continue;
        }
        /* Also a table that is being checked, and refers to itself. */
        if (state & STATE_COUNT)
            return -PARAPET_EBUSY;
        if (f->releasing || (f->nr_valid != 0 && state_type(state) != type)) {
            table_release_later(m, mfn);
            return -PARAPET_ERESTART;
        }
        if (!work_take(&m->work, WORK_TABLE))
            return -PARAPET_ERESTART;
        if (type_claim(m, f, state, type))
            return table_make(m, mfn, type);
    }
}

int table_get_valid_slow(struct memory_owner *m, mfn_t mfn,
                         enum frame_type type)
{
    uint64_t state;

    if (mfn >= nr_frame_infos)
        return -PARAPET_EPERM;
    state = frame_state(frame_info(mfn));
    if ((state & STATE_OWNER) != m->owner)
        return -PARAPET_EPERM;
    if (state_type(state) != type || !(state & STATE_VALID))
        return -PARAPET_ENOENT;
    return -PARAPET_ENOSPC;
}

int table_pin(struct memory_owner *m, mfn_t mfn, enum frame_type type)
{
    int error = table_get(m, mfn, type);
    struct frame_info *f;

    if (error)
        return error;
    f = frame_info(mfn);
    if (__atomic_fetch_or(&f->state, STATE_PINNED, __ATOMIC_SEQ_CST) &
        STATE_PINNED) {
        table_put(m, mfn);
        return -PARAPET_EEXIST;
    }
    return 0;
}

/* ---- to cease to be one ---- */

void table_put_last(struct memory_owner *m, mfn_t mfn)
{
    struct frame_info *f = frame_info(mfn);
    uint64_t state = frame_state(f);

    /* Others may add and drop references of no type meanwhile. */
    while (!frame_state_change(f, &state, (state - STATE_USE) & ~STATE_VALID))
        ;
    table_release_later(m, mfn);
}

int table_unpin(struct memory_owner *m, mfn_t mfn)
{
    struct frame_info *f;
    uint64_t state;

    if (mfn >= nr_frame_infos)
        return -PARAPET_EPERM;
    f = frame_info(mfn);
    state = frame_state(f);
    do {
        if ((state & STATE_OWNER) != m->owner)
            return -PARAPET_EPERM;
        if (!(state & STATE_PINNED))
            return -PARAPET_ENOENT;
    } while (!frame_state_change(f, &state, state & ~STATE_PINNED));
    table_put(m, mfn);
    return 0;
}

/* The last of the entries that still hold something; it may put a table in
 * front of this one. */
static void release_entry(struct memory_owner *m, mfn_t mfn,
                          enum frame_type type)
{
    uint64_t *entries = table_entries(mfn);
    unsigned int i = --frame_info(mfn)->nr_valid;
    uint64_t entry = entries[i];

    ASSERT(type != TYPE_L1 || !table_entry_is_foreign(entry));
    if (slot_is_hypervisors(type, i)) {
        entries[i] = 0;
        return;
    }
    entries[i] = entry_decode(entry);
    entry_put(m, type, entry);
}

/* Lets go the entries of the first table on the list, until another one comes
 * before it; false when the work is used up. */
static bool release_first(struct memory_owner *m, mfn_t mfn)
{
    struct frame_info *f = frame_info(mfn);
    enum frame_type type = state_type(frame_state(f));
    const uint64_t *entries = table_entries(mfn);

    BUG_ON(f->nr_foreign != 0);
    if (!work_take(&m->work, WORK_RELEASE))
        return false;
    do {
        f->nr_valid = (uint16_t)skip_empty_down(m, entries, f->nr_valid);
        if (f->nr_valid == 0) {
            m->releasing = f->next;
            f->next = FRAME_INFO_NONE;
            f->releasing = 0;
            m->detours--;
            return true;
        }
        if (!work_take(&m->work, WORK_LET_GO))
            return false;
        release_entry(m, mfn, type);
    } while (m->releasing == mfn);
    return true;
}

bool table_release(struct memory_owner *m)
{
    while (m->releasing != FRAME_INFO_NONE) {
        if (!release_first(m, m->releasing))
            return false;
    }
    return true;
}

/* ---- while it is one ---- */

/*
 * Puts the new entry where the old one was, unless the CPU has set the
 * accessed or dirty bit meanwhile and keep says that they are to stay.
 */
static inline bool entry_exchange(uint64_t *entry, uint64_t *old, uint64_t new,
                                  bool keep)
{
    if (keep)
        return __atomic_compare_exchange_n(entry, old, new, false,
                                           __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    *old = __atomic_exchange_n(entry, new, __ATOMIC_SEQ_CST);
    return true;
}

static int write_upper(struct memory_owner *m, mfn_t table, unsigned int index,
                       enum frame_type type, uint64_t value, uint64_t mask)
{
    uint64_t *entry = table_entries(table) + index;
    uint64_t old = __atomic_load_n(entry, __ATOMIC_RELAXED);
    uint64_t new;
    int error;

    if (!slot_is_guests(type, index))
        return entry_failed(m, table, index, -PARAPET_EPERM);
    new = (entry_decode(old) & ~mask) | (value & mask);
    error = entry_get(m, type, index, new);
    if (error)
        return entry_failed(m, table, index, error);
    /* The CPU sets no dirty bit here, and an accessed bit means nothing. */
    old = __atomic_exchange_n(entry, table_encode(new), __ATOMIC_SEQ_CST);
    entry_put(m, type, old);
    return 0;
}

int table_write(struct memory_owner *m, mfn_t table, unsigned int index,
                uint64_t value, uint64_t mask)
{
    uint64_t *entry;
    uint64_t state, old, new;
    int error;

    if (table >= nr_frame_infos)
        return entry_failed(m, table, index, -PARAPET_EPERM);
    state = frame_state(frame_info(table));
    if ((state & STATE_OWNER) != m->owner)
        return entry_failed(m, table, index, -PARAPET_EPERM);
    if (!(state & STATE_VALID) || !state_is_table(state))
        return entry_failed(m, table, index, -PARAPET_ENOENT);
    if (state_type(state) != TYPE_L1)
        return write_upper(m, table, index, state_type(state), value, mask);

    entry = table_entries(table) + index;
    old = __atomic_load_n(entry, __ATOMIC_RELAXED);
    if (table_entry_is_foreign(old))
        return entry_failed(m, table, index, -PARAPET_EBUSY);
    for (;;) {
        new = (entry_decode(old) & ~mask) | (value & mask);
        error = table_get_page(m, new);
        if (error)
            return entry_failed(m, table, index, error);
        if (entry_exchange(entry, &old, table_encode(new), mask != ~0ul))
            break;
        table_put_page(new);
    }
    table_put_page(old);
    return 0;
}

/* ---- entries that map frames of others ---- */

void table_unmap_last(struct memory_owner *m, mfn_t table)
{
    __atomic_fetch_and(&frame_info(table)->state, ~STATE_FOREIGN,
                       __ATOMIC_SEQ_CST);
    table_put(m, table);
}

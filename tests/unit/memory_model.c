/* SPDX-License-Identifier: MIT */
#include "tests/unit/memory_model.h"

#include <string.h>

#include "abi/errors.h"
#include "lib/macros.h"

#define NOBODY MMU_DOMAINS

/* Who refers, if it is no table. */
#define FROM_PIN MMU_FRAMES
#define FROM_ROOT (MMU_FRAMES + 1)

const unsigned int model_slots[MODEL_SLOTS] = {
    0, 1, 2, 7, 8, 9, 16, 255, 256, 257, 271, 272, 273, 500, 510, 511};

/* to is referred to, and must be of the type; TYPE_NONE: of any. */
struct reference {
    mfn_t from;
    unsigned int slot;
    mfn_t to;
    enum frame_type type;
};

static struct reference references[4096];
static unsigned int nr_references;

struct frame {
    unsigned int owner;
    enum frame_type type;         /* if it is a table, or half of one */
    unsigned int nr_slots;        /* of them, so many hold references */
    uint64_t values[MODEL_SLOTS]; /* as the guest wrote them */
    bool pinned;
    bool being_checked;
};

/* All but the references, which follow from it. */
static struct model {
    struct frame frames[MMU_FRAMES];
    mfn_t roots[MMU_DOMAINS][MODEL_ROOTS];
    enum frame_type root_types[MMU_DOMAINS][MODEL_ROOTS];
} model, before;

static struct frame *const frames = model.frames;

struct model_failure model_failure;

/* ---- references ---- */

static void refer(mfn_t from, unsigned int slot, mfn_t to, enum frame_type type)
{
    references[nr_references++] = (struct reference){from, slot, to, type};
}

/* The type that others insist on; TYPE_NONE if nobody does. */
static enum frame_type type_in_use(mfn_t mfn)
{
    for (unsigned int i = 0; i < nr_references; i++) {
        if (references[i].to == mfn && references[i].type != TYPE_NONE)
            return references[i].type;
    }
    return TYPE_NONE;
}

static bool is_table(enum frame_type type)
{
    return type != TYPE_NONE && type != TYPE_WRITABLE;
}

static void drop(mfn_t from, unsigned int slot, mfn_t to);

/* Lets go all that a table holds. */
static void release(mfn_t mfn)
{
    frames[mfn].nr_slots = 0;
    for (unsigned int i = 0; i < nr_references;) {
        if (references[i].from == mfn) {
            drop(mfn, references[i].slot, references[i].to);
            i = 0;
        } else {
            i++;
        }
    }
}

/* The reference goes, and what is a table by it only is released. */
static void drop(mfn_t from, unsigned int slot, mfn_t to)
{
    for (unsigned int i = 0; i < nr_references; i++) {
        struct reference r = references[i];

        if (r.from != from || r.slot != slot || r.to != to)
            continue;
        references[i] = references[--nr_references];
        if (is_table(r.type) && type_in_use(to) == TYPE_NONE)
            release(to);
        return;
    }
}

/* ---- what an entry may be ---- */

static bool is_owned(unsigned int domain, mfn_t mfn)
{
    return mfn < MMU_FRAMES && frames[mfn].owner == domain;
}

static mfn_t mfn_of(uint64_t value)
{
    return value << 12 >> 24;
}

/* Bits 0 to 2, 5, 6, 9, 10, the address, 63; an address only with bit 0. */
static bool bits_ok(uint64_t value)
{
    if (value % 2 == 0)
        return mfn_of(value) == 0;
    return (value & 0x7ff0000000000998) == 0;
}

static bool is_closed(enum frame_type type, unsigned int slot)
{
    unsigned int index = model_slots[slot];

    return (type == TYPE_L4 && index >= 256 && index <= 271) ||
           (type == TYPE_USER_ROOT && index >= 256);
}

static int get_table(unsigned int domain, mfn_t mfn, enum frame_type type);

static int get_writable(unsigned int domain, mfn_t mfn)
{
    enum frame_type in_use;

    if (!is_owned(domain, mfn))
        return -PARAPET_EPERM;
    in_use = type_in_use(mfn);
    if (frames[mfn].being_checked ||
        (in_use != TYPE_NONE && in_use != TYPE_WRITABLE))
        return -PARAPET_EBUSY;
    release(mfn);
    return 0;
}

/* What a present entry in a table of this type needs its frame to be. */
static enum frame_type type_needed(enum frame_type type, uint64_t value)
{
    if (type == TYPE_L1)
        return value & PARAPET_PTE_W ? TYPE_WRITABLE : TYPE_NONE;
    return type == TYPE_L2 ? TYPE_L1 : type == TYPE_L3 ? TYPE_L2 : TYPE_L3;
}

static int get_entry(unsigned int domain, mfn_t table, enum frame_type type,
                     unsigned int slot, uint64_t value)
{
    enum frame_type needed = type_needed(type, value);
    mfn_t mfn = mfn_of(value);
    int error = 0;

    if (is_closed(type, slot))
        return value ? -PARAPET_EPERM : 0;
    if (!bits_ok(value))
        return -PARAPET_EINVAL;
    if (!(value & PARAPET_PTE_P))
        return 0;
    if (type == TYPE_USER_ROOT && !(value & PARAPET_PTE_U))
        return -PARAPET_EINVAL;
    if (needed == TYPE_WRITABLE)
        error = get_writable(domain, mfn);
    else if (needed == TYPE_NONE)
        error = is_owned(domain, mfn) ? 0 : -PARAPET_EPERM;
    else
        error = get_table(domain, mfn, needed);
    if (error == 0)
        refer(table, slot, mfn, needed);
    return error;
}

static void failed(mfn_t table, unsigned int slot)
{
    if (model_failure.table == 0)
        model_failure =
            (struct model_failure){.table = table, .index = model_slots[slot]};
}

/* The caller refers to it when this has succeeded. */
static int get_table(unsigned int domain, mfn_t mfn, enum frame_type type)
{
    struct frame *f;
    int error = 0;

    if (!is_owned(domain, mfn))
        return -PARAPET_EPERM;
    f = &frames[mfn];
    if (f->being_checked)
        return -PARAPET_EBUSY;
    if (type_in_use(mfn) != TYPE_NONE)
        return type_in_use(mfn) == type ? 0 : -PARAPET_EBUSY;
    if (f->type != type)
        release(mfn);
    f->type = type;
    f->being_checked = true;
    while (f->nr_slots < MODEL_SLOTS && error == 0) {
        error =
            get_entry(domain, mfn, type, f->nr_slots, f->values[f->nr_slots]);
        if (error)
            failed(mfn, f->nr_slots);
        else
            f->nr_slots++;
    }
    f->being_checked = false;
    if (error)
        release(mfn);
    return error;
}

/* ---- the calls ---- */

int model_pin(unsigned int domain, mfn_t mfn, enum frame_type type)
{
    int error = get_table(domain, mfn, type);

    if (error)
        return error;
    if (frames[mfn].pinned)
        return -PARAPET_EEXIST;
    frames[mfn].pinned = true;
    refer(FROM_PIN, 0, mfn, type);
    return 0;
}

int model_unpin(unsigned int domain, mfn_t mfn)
{
    if (!is_owned(domain, mfn))
        return -PARAPET_EPERM;
    if (!frames[mfn].pinned)
        return -PARAPET_ENOENT;
    frames[mfn].pinned = false;
    drop(FROM_PIN, 0, mfn);
    return 0;
}

static int write_slot(unsigned int domain, mfn_t table, unsigned int slot,
                      uint64_t value, uint64_t mask)
{
    uint64_t old = frames[table].values[slot];
    uint64_t new = (old & ~mask) | (value & mask);
    enum frame_type type = type_in_use(table);
    int error;

    if (is_closed(type, slot))
        return -PARAPET_EPERM;
    error = get_entry(domain, table, type, slot, new);
    if (type_in_use(table) != type) {
        /* Half of a table was let go for it, and that was its last use. */
        model_failure = (struct model_failure){0};
        return -PARAPET_ENOENT;
    }
    if (error)
        return error;
    /* Of two from the same slot, the older one is found first. */
    if (old & PARAPET_PTE_P)
        drop(table, slot, mfn_of(old));
    frames[table].values[slot] = new;
    return 0;
}

int model_write(unsigned int domain, mfn_t table, unsigned int slot,
                uint64_t value, uint64_t mask)
{
    int error = 0;

    if (!is_owned(domain, table))
        error = -PARAPET_EPERM;
    else if (!is_table(type_in_use(table)))
        error = -PARAPET_ENOENT;
    else
        error = write_slot(domain, table, slot, value, mask);
    if (error)
        failed(table, slot);
    return error;
}

int model_set_root(unsigned int domain, unsigned int root, mfn_t mfn,
                   enum frame_type type)
{
    mfn_t old = model.roots[domain][root];

    if (!is_owned(domain, mfn))
        return -PARAPET_EPERM;
    if (type_in_use(mfn) != type)
        return -PARAPET_ENOENT;
    refer(FROM_ROOT, root, mfn, type);
    model.roots[domain][root] = mfn;
    model.root_types[domain][root] = type;
    if (old != 0)
        drop(FROM_ROOT, root, old);
    return 0;
}

int model_take_back(unsigned int domain, mfn_t mfn)
{
    if (!is_owned(domain, mfn))
        return -PARAPET_EPERM;
    if (type_in_use(mfn) == TYPE_NONE)
        release(mfn);
    for (unsigned int i = 0; i < nr_references; i++) {
        if (references[i].to == mfn)
            return -PARAPET_EBUSY;
    }
    memset(&frames[mfn], 0, sizeof(frames[mfn]));
    frames[mfn].owner = NOBODY;
    return 0;
}

int model_get_writable(unsigned int domain, mfn_t mfn)
{
    return get_writable(domain, mfn);
}

int model_get(unsigned int domain, mfn_t mfn)
{
    return is_owned(domain, mfn) ? 0 : -PARAPET_EPERM;
}

void model_store(mfn_t mfn, unsigned int slot, uint64_t value)
{
    frames[mfn].values[slot] = value;
}

void model_give(unsigned int domain, mfn_t mfn)
{
    memset(&frames[mfn], 0, sizeof(frames[mfn]));
    frames[mfn].owner = domain;
}

mfn_t model_root(unsigned int domain, unsigned int root)
{
    return model.roots[domain][root];
}

/* ---- what the frames say ---- */

/* As the guest wrote it: of a checked entry, U is clear if bit 11 is set. */
static uint64_t value_in_frame(mfn_t mfn, unsigned int slot)
{
    uint64_t entry = table_entries(mfn)[model_slots[slot]];

    if (slot < frames[mfn].nr_slots && (entry & PARAPET_PTE_P) &&
        (entry & PARAPET_PTE_KERNEL))
        entry &= ~(uint64_t)(PARAPET_PTE_U | PARAPET_PTE_KERNEL);
    return entry;
}

static unsigned int nr_slots_in_frame(mfn_t mfn)
{
    unsigned int nr = 0;

    while (nr < MODEL_SLOTS && model_slots[nr] < frame_info(mfn)->nr_valid)
        nr++;
    return nr;
}

static void look_at(mfn_t mfn)
{
    struct frame *f = &frames[mfn];

    f->type = state_type(frame_state(frame_info(mfn)));
    f->nr_slots = nr_slots_in_frame(mfn);
    for (unsigned int i = 0; i < MODEL_SLOTS; i++) {
        uint64_t value = value_in_frame(mfn, i);

        if (i < f->nr_slots && is_closed(f->type, i))
            value = 0;
        f->values[i] = value;
        if (i < f->nr_slots && (value & PARAPET_PTE_P))
            refer(mfn, i, mfn_of(value), type_needed(f->type, value));
    }
}

static void look_at_roots(void)
{
    for (unsigned int d = 0; d < MMU_DOMAINS; d++) {
        for (unsigned int r = 0; r < MODEL_ROOTS; r++) {
            if (model.roots[d][r] != 0)
                refer(FROM_ROOT, r, model.roots[d][r], model.root_types[d][r]);
        }
    }
}

void model_look(unsigned int domain)
{
    before = model;
    nr_references = 0;
    model_failure = (struct model_failure){0};
    for (mfn_t mfn = 0; mfn < MMU_FRAMES; mfn++) {
        if (frames[mfn].owner == NOBODY)
            continue;
        look_at(mfn);
        if (frames[mfn].pinned)
            refer(FROM_PIN, 0, mfn, frames[mfn].type);
    }
    look_at_roots();
    for (mfn_t mfn = 0; mfn < MMU_FRAMES; mfn++) {
        if (frames[mfn].owner == domain && frame_info(mfn)->releasing)
            release(mfn);
    }
}

void model_undo(void)
{
    model = before;
}

void model_create(void)
{
    memset(&model, 0, sizeof(model));
    for (mfn_t mfn = 0; mfn < MMU_FRAMES; mfn++) {
        frames[mfn].owner = NOBODY;
        for (unsigned int d = 0; d < MMU_DOMAINS; d++) {
            if ((frame_state(frame_info(mfn)) & STATE_OWNER) ==
                mmu_domains[d].owner)
                frames[mfn].owner = d;
        }
    }
}

/* ---- comparing ---- */

static const char *compare_state(mfn_t mfn)
{
    uint64_t state = frame_state(frame_info(mfn));
    enum frame_type in_use = type_in_use(mfn);
    uint64_t nr = 0;

    for (unsigned int i = 0; i < nr_references; i++)
        nr += references[i].to == mfn;
    if ((state & STATE_REFERENCES) != nr)
        return "the number of references to a frame";
    if (((state & STATE_COUNT) != 0) != (in_use != TYPE_NONE))
        return "whether a frame's type is in use";
    if (in_use != TYPE_NONE &&
        (state_type(state) != in_use || !(state & STATE_VALID)))
        return "the type of a frame";
    if (((state & STATE_PINNED) != 0) != frames[mfn].pinned)
        return "whether a frame is pinned";
    return NULL;
}

static const char *compare_values(mfn_t mfn)
{
    const struct frame *f = &frames[mfn];

    if (nr_slots_in_frame(mfn) != f->nr_slots)
        return "how many entries of a frame hold something";
    for (unsigned int i = 0; i < MODEL_SLOTS; i++) {
        if (i < f->nr_slots && is_closed(f->type, i))
            continue;
        if (value_in_frame(mfn, i) != f->values[i])
            return "an entry";
    }
    return NULL;
}

const char *model_compare(void)
{
    for (mfn_t mfn = 0; mfn < MMU_FRAMES; mfn++) {
        uint64_t owner = frame_state(frame_info(mfn)) & STATE_OWNER;
        unsigned int domain = frames[mfn].owner;
        const char *what = NULL;

        if (owner != (domain == NOBODY ? 0 : mmu_domains[domain].owner))
            return "the owner of a frame";
        if (domain != NOBODY)
            what = compare_state(mfn);
        if (!what && domain != NOBODY)
            what = compare_values(mfn);
        if (what)
            return what;
    }
    return NULL;
}

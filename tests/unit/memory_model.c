/* SPDX-License-Identifier: MIT */
#include "tests/unit/memory_model_state.h"

#include <string.h>

#include "abi/errors.h"
#include "lib/macros.h"

const unsigned int model_slots[MODEL_SLOTS] = {
    0, 1, 2, 3, 8, 9, 16, 255, 256, 257, 271, 272, 273, 500, 510, 511};

struct reference model_references[4096];
unsigned int model_nr_references;

struct model model;

static struct model_frame *const frames = model.frames;

struct model_failure model_failure;
bool model_refused_foreign;

/* ---- references ---- */

void model_refer(mfn_t from, unsigned int slot, mfn_t to, enum frame_type type)
{
    model_references[model_nr_references++] =
        (struct reference){from, slot, to, type};
}

enum frame_type model_type_in_use(mfn_t mfn)
{
    for (unsigned int i = 0; i < model_nr_references; i++) {
        if (model_references[i].to == mfn &&
            model_references[i].type != TYPE_NONE)
            return model_references[i].type;
    }
    return TYPE_NONE;
}

static bool is_table(enum frame_type type)
{
    return type != TYPE_NONE && type != TYPE_WRITABLE;
}

void model_release(mfn_t mfn)
{
    frames[mfn].nr_slots = 0;
    for (unsigned int i = 0; i < model_nr_references;) {
        if (model_references[i].from == mfn) {
            model_drop(mfn, model_references[i].slot, model_references[i].to);
            i = 0;
        } else {
            i++;
        }
    }
}

void model_drop(mfn_t from, unsigned int slot, mfn_t to)
{
    for (unsigned int i = 0; i < model_nr_references; i++) {
        struct reference r = model_references[i];

        if (r.from != from || r.slot != slot || r.to != to)
            continue;
        model_references[i] = model_references[--model_nr_references];
        if (is_table(r.type) && model_type_in_use(to) == TYPE_NONE)
            model_release(to);
        return;
    }
}

/* ---- what an entry may be ---- */

bool model_is_owned(unsigned int domain, mfn_t mfn)
{
    return mfn < MMU_FRAMES && frames[mfn].owner == domain;
}

mfn_t model_mfn_of(uint64_t value)
{
    return value << 12 >> 24;
}

/* Bits 0 to 2, 5, 6, 9, 10, the address, 63; an address only with bit 0. */
static bool bits_ok(uint64_t value)
{
    if (value % 2 == 0)
        return model_mfn_of(value) == 0;
    return (value & 0x7ff0000000000998) == 0;
}

bool model_is_closed(enum frame_type type, unsigned int slot)
{
    unsigned int index = model_slots[slot];

    return (type == TYPE_L4 && index >= 256 && index <= 271) ||
           (type == TYPE_USER_ROOT && index >= 256);
}

static int get_table(unsigned int domain, mfn_t mfn, enum frame_type type);

bool model_is_half(mfn_t mfn)
{
    return model_type_in_use(mfn) == TYPE_NONE &&
           (frames[mfn].nr_slots != 0 || frame_info(mfn)->nr_valid != 0 ||
            frame_info(mfn)->releasing);
}

static int get_writable(unsigned int domain, mfn_t mfn)
{
    enum frame_type in_use;

    if (!model_is_owned(domain, mfn))
        return -PARAPET_EPERM;
    in_use = model_type_in_use(mfn);
    if (frames[mfn].being_checked ||
        (in_use != TYPE_NONE && in_use != TYPE_WRITABLE))
        return -PARAPET_EBUSY;
    model_release(mfn);
    return 0;
}

enum frame_type model_type_needed(enum frame_type type, uint64_t value)
{
    if (type == TYPE_L1)
        return value & PARAPET_PTE_W ? TYPE_WRITABLE : TYPE_NONE;
    return type == TYPE_L2 ? TYPE_L1 : type == TYPE_L3 ? TYPE_L2 : TYPE_L3;
}

static int get_entry(unsigned int domain, mfn_t table, enum frame_type type,
                     unsigned int slot, uint64_t value)
{
    enum frame_type needed = model_type_needed(type, value);
    mfn_t mfn = model_mfn_of(value);
    int error = 0;

    if (model_is_closed(type, slot))
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
        error = model_is_owned(domain, mfn) ? 0 : -PARAPET_EPERM;
    else
        error = get_table(domain, mfn, needed);
    if (error == 0)
        model_refer(table, slot, mfn, needed);
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
    struct model_frame *f;
    int error = 0;

    if (!model_is_owned(domain, mfn))
        return -PARAPET_EPERM;
    f = &frames[mfn];
    if (f->being_checked)
        return -PARAPET_EBUSY;
    if (model_type_in_use(mfn) != TYPE_NONE)
        return model_type_in_use(mfn) == type ? 0 : -PARAPET_EBUSY;
    if (f->type != type)
        model_release(mfn);
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
        model_release(mfn);
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
    model_refer(FROM_PIN, 0, mfn, type);
    return 0;
}

int model_unpin(unsigned int domain, mfn_t mfn)
{
    if (!model_is_owned(domain, mfn))
        return -PARAPET_EPERM;
    if (!frames[mfn].pinned)
        return -PARAPET_ENOENT;
    frames[mfn].pinned = false;
    model_drop(FROM_PIN, 0, mfn);
    return 0;
}

static int write_slot(unsigned int domain, mfn_t table, unsigned int slot,
                      uint64_t value, uint64_t mask)
{
    uint64_t old = frames[table].values[slot];
    uint64_t new = (old & ~mask) | (value & mask);
    enum frame_type type = model_type_in_use(table);
    int error;

    if (model_is_closed(type, slot))
        return -PARAPET_EPERM;
    model_refused_foreign = model_is_foreign(old);
    if (model_refused_foreign)
        return -PARAPET_EBUSY;
    error = get_entry(domain, table, type, slot, new);
    if (model_type_in_use(table) != type) {
        /* Half of a table was let go for it, and that was its last use. */
        model_failure = (struct model_failure){0};
        return -PARAPET_ENOENT;
    }
    if (error)
        return error;
    /* Of two from the same slot, the older one is found first. */
    if (old & PARAPET_PTE_P)
        model_drop(table, slot, model_mfn_of(old));
    frames[table].values[slot] = new;
    return 0;
}

int model_write(unsigned int domain, mfn_t table, unsigned int slot,
                uint64_t value, uint64_t mask)
{
    int error = 0;

    if (!model_is_owned(domain, table))
        error = -PARAPET_EPERM;
    else if (!is_table(model_type_in_use(table)))
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

    if (!model_is_owned(domain, mfn))
        return -PARAPET_EPERM;
    if (model_type_in_use(mfn) != type)
        return -PARAPET_ENOENT;
    model_refer(FROM_ROOT, root, mfn, type);
    model.roots[domain][root] = mfn;
    model.root_types[domain][root] = type;
    if (old != 0)
        model_drop(FROM_ROOT, root, old);
    return 0;
}

void model_free(mfn_t mfn)
{
    memset(&frames[mfn], 0, sizeof(frames[mfn]));
    frames[mfn].owner = NOBODY;
}

int model_take_back(unsigned int domain, mfn_t mfn)
{
    if (!model_is_owned(domain, mfn))
        return -PARAPET_EPERM;
    if (model_type_in_use(mfn) == TYPE_NONE)
        model_release(mfn);
    for (unsigned int i = 0; i < model_nr_references; i++) {
        if (model_references[i].to == mfn)
            return -PARAPET_EBUSY;
    }
    model_free(mfn);
    return 0;
}

int model_get_writable(unsigned int domain, mfn_t mfn)
{
    return get_writable(domain, mfn);
}

int model_get(unsigned int domain, mfn_t mfn)
{
    return model_is_owned(domain, mfn) ? 0 : -PARAPET_EPERM;
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

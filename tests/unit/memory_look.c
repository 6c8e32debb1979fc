/* SPDX-License-Identifier: MIT
 *
 * What the model takes from the frames before a call, and compares with them
 * after it.
 */
#include "tests/unit/memory_model_state.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/device_steps.h"

static struct model before;
static struct model_frame *const frames = model.frames;

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
    struct model_frame *f = &frames[mfn];

    f->type = state_type(frame_state(frame_info(mfn)));
    f->nr_slots = nr_slots_in_frame(mfn);
    for (unsigned int i = 0; i < MODEL_SLOTS; i++) {
        uint64_t value = value_in_frame(mfn, i);

        if (i < f->nr_slots && model_is_closed(f->type, i))
            value = 0;
        f->values[i] = value;
        if (i < f->nr_slots && (value & PARAPET_PTE_P) &&
            !model_is_foreign(value))
            model_refer(mfn, i, model_mfn_of(value),
                        model_type_needed(f->type, value));
    }
}

static void look_at_roots(void)
{
    for (unsigned int d = 0; d < MMU_DOMAINS; d++) {
        for (unsigned int r = 0; r < MODEL_ROOTS; r++) {
            if (model.roots[d][r] != 0)
                model_refer(FROM_ROOT, r, model.roots[d][r],
                            model.root_types[d][r]);
        }
    }
}

void model_look(unsigned int domain)
{
    before = model;
    model_nr_references = 0;
    model_failure = (struct model_failure){0};
    model_refused_foreign = false;
    for (mfn_t mfn = 0; mfn < MMU_FRAMES; mfn++) {
        if (frames[mfn].owner == NOBODY)
            continue;
        look_at(mfn);
        if (frames[mfn].pinned)
            model_refer(FROM_PIN, 0, mfn, frames[mfn].type);
    }
    look_at_roots();
    model_look_at_uses();
    device_steps_look();
    for (mfn_t mfn = 0; mfn < MMU_FRAMES; mfn++) {
        if (frames[mfn].owner == domain && frame_info(mfn)->releasing)
            model_release(mfn);
    }
}

void model_look_at_accessed(void)
{
    const uint64_t bits = PARAPET_PTE_A | PARAPET_PTE_D;

    for (mfn_t mfn = 0; mfn < MMU_FRAMES; mfn++) {
        for (unsigned int i = 0; i < MODEL_SLOTS; i++) {
            uint64_t set = value_in_frame(mfn, i) & ~frames[mfn].values[i];

            frames[mfn].values[i] |= set & bits;
        }
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

static uint64_t nr_references_to(mfn_t mfn)
{
    uint64_t nr = 0;

    for (unsigned int i = 0; i < model_nr_references; i++)
        nr += model_references[i].to == mfn;
    return nr;
}

static const char *compare_state(mfn_t mfn)
{
    uint64_t state = frame_state(frame_info(mfn));
    enum frame_type in_use = model_type_in_use(mfn);

    if ((state & STATE_REFERENCES) != nr_references_to(mfn))
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
    const struct model_frame *f = &frames[mfn];

    if (nr_slots_in_frame(mfn) != f->nr_slots)
        return "how many entries of a frame hold something";
    for (unsigned int i = 0; i < MODEL_SLOTS; i++) {
        if (i < f->nr_slots && model_is_closed(f->type, i))
            continue;
        if (value_in_frame(mfn, i) != f->values[i])
            return "an entry";
    }
    return NULL;
}

/* Its owner's word, if that is certain. */
static uint64_t owner_word(const struct model_frame *f)
{
    if (f->owner == NOBODY)
        return 0;
    return f->owner == LEFT_BEHIND ? f->tag : mmu_domains[f->owner].owner;
}

static const char *compare_frame(mfn_t mfn)
{
    uint64_t state = frame_state(frame_info(mfn));
    const struct model_frame *f = &frames[mfn];
    const char *what;

    if ((state & STATE_OWNER) != owner_word(f))
        return "the owner of a frame";
    if (f->owner == NOBODY)
        return NULL;
    if (f->owner == LEFT_BEHIND)
        return (state & STATE_REFERENCES) == nr_references_to(mfn)
                   ? NULL
                   : "the references to a frame that is left behind";
    what = compare_state(mfn);
    return what ? what : compare_values(mfn);
}

const char *model_compare(void)
{
    static char text[100];

    for (mfn_t mfn = 0; mfn < MMU_FRAMES; mfn++) {
        unsigned int owner = frames[mfn].owner;
        const char *what = NULL;

        /* Its end takes it apart step by step: see model_follow(). */
        if (owner >= MMU_DOMAINS || !model_ends(owner))
            what = compare_frame(mfn);
        if (what) {
            snprintf(text, sizeof(text), "frame %lx, state %lx: %s", mfn,
                     frame_state(frame_info(mfn)), what);
            return text;
        }
    }
    return NULL;
}

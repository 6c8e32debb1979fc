/* SPDX-License-Identifier: MIT
 *
 * What the files of the model know together: who refers to what, as a list,
 * and what the guests have made of their frames.
 */
#ifndef TESTS_UNIT_MEMORY_MODEL_STATE_H
#define TESTS_UNIT_MEMORY_MODEL_STATE_H

#include "tests/unit/memory_model.h"

#define NOBODY MMU_DOMAINS

/* Who refers, if it is no table. */
#define FROM_PIN MMU_FRAMES
#define FROM_ROOT (MMU_FRAMES + 1)

/* to is referred to, and must be of the type; TYPE_NONE: of any. */
struct reference {
    mfn_t from;
    unsigned int slot;
    mfn_t to;
    enum frame_type type;
};

struct model_frame {
    unsigned int owner;
    enum frame_type type;         /* if it is a table, or half of one */
    unsigned int nr_slots;        /* of them, so many hold references */
    uint64_t values[MODEL_SLOTS]; /* as the guest wrote them */
    bool pinned;
    bool being_checked;
};

/* All but the references, which follow from it. */
struct model {
    struct model_frame frames[MMU_FRAMES];
    mfn_t roots[MMU_DOMAINS][MODEL_ROOTS];
    enum frame_type root_types[MMU_DOMAINS][MODEL_ROOTS];
};

extern struct model model;

extern struct reference model_references[];
extern unsigned int model_nr_references;

void model_refer(mfn_t from, unsigned int slot, mfn_t to, enum frame_type type);

/* The reference goes, and what is a table by it only is released. */
void model_drop(mfn_t from, unsigned int slot, mfn_t to);

/* Lets go all that a table holds. */
void model_release(mfn_t mfn);

/* The type that others insist on; TYPE_NONE if nobody does. */
enum frame_type model_type_in_use(mfn_t mfn);

/* What a present entry in a table of this type needs its frame to be. */
enum frame_type model_type_needed(enum frame_type type, uint64_t value);

mfn_t model_mfn_of(uint64_t value);

bool model_is_owned(unsigned int domain, mfn_t mfn);

/* An entry that no guest may fill. */
bool model_is_closed(enum frame_type type, unsigned int slot);

#endif

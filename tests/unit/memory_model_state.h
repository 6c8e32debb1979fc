/* SPDX-License-Identifier: MIT
 *
 * What the files of the model know together: who refers to what, as a list,
 * and what the guests have made of their frames.
 */
#ifndef TESTS_UNIT_MEMORY_MODEL_STATE_H
#define TESTS_UNIT_MEMORY_MODEL_STATE_H

#include "tests/unit/grant_model.h"
#include "tests/unit/memory_model.h"

#define NOBODY MMU_DOMAINS
#define LEFT_BEHIND (MMU_DOMAINS + 1)

/* Who refers, if it is no table: a pin, a root in use, the hypervisor to what
 * it writes itself, who has it of another domain, an entry that maps a device.
 */
#define FROM_PIN MMU_FRAMES
#define FROM_ROOT (MMU_FRAMES + 1)
#define FROM_HOLD (MMU_FRAMES + 2)
#define FROM_USE (MMU_FRAMES + 3)
#define FROM_DEVICE (MMU_FRAMES + 4)

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
    uint64_t tag; /* of its owner, when it is left behind */
};

/* What a domain lends. */
struct model_lender {
    uint32_t id;
    bool ends; /* or has ended: nobody finds it any more */
    unsigned int nr_tables;
    mfn_t tables[MODEL_TABLES];
};

/* All but the references, which follow from it. */
struct model {
    struct model_frame frames[MMU_FRAMES];
    mfn_t roots[MMU_DOMAINS][MODEL_ROOTS];
    enum frame_type root_types[MMU_DOMAINS][MODEL_ROOTS];
    struct model_lender lenders[MMU_DOMAINS];
    struct model_use uses[MODEL_USES];
};

extern struct model model;

extern struct reference model_references[];
extern unsigned int model_nr_references;

void model_refer(mfn_t from, unsigned int slot, mfn_t to, enum frame_type type);

/* The reference goes, and what is a table by it only is released. */
void model_drop(mfn_t from, unsigned int slot, mfn_t to);

/* It is nobody's now. */
void model_free(mfn_t mfn);

/* Lets go all that a table holds. */
void model_release(mfn_t mfn);

/* The type that others insist on; TYPE_NONE if nobody does. */
enum frame_type model_type_in_use(mfn_t mfn);

/* What a present entry in a table of this type needs its frame to be. */
enum frame_type model_type_needed(enum frame_type type, uint64_t value);

mfn_t model_mfn_of(uint64_t value);

/* What is not the guest's to change. */
static inline bool model_is_foreign(uint64_t value)
{
    const uint64_t foreign = PARAPET_PTE_P | PARAPET_PTE_FOREIGN;

    return (value & foreign) == foreign;
}

bool model_is_owned(unsigned int domain, mfn_t mfn);

/* Half of it was let go, or not checked yet. */
bool model_is_half(mfn_t mfn);

/* An entry that no guest may fill. */
bool model_is_closed(enum frame_type type, unsigned int slot);

#endif

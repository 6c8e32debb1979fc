/* SPDX-License-Identifier: MIT
 *
 * A second opinion on what is allowed with a domain's frames. It knows who
 * refers to what as a list of references, searches it for every question, and
 * has no counts and no states; it stops nowhere. How a call comes out, and what
 * the tables hold after it, must be the same in hypervisor/mm.
 *
 * What a half-done call has left behind it takes from the frames: of each
 * table how many entries hold something (nr_valid), and as what.
 */
#ifndef TESTS_UNIT_MEMORY_MODEL_H
#define TESTS_UNIT_MEMORY_MODEL_H

#include "tests/unit/mmu.h"

/* The entries of a table that are not always 0; see model_slots. */
#define MODEL_SLOTS 16u
extern const unsigned int model_slots[MODEL_SLOTS]; /* in ascending order */

/* A root that a vCPU is on. */
#define MODEL_ROOTS 3u

struct model_failure {
    mfn_t table; /* 0: it was no entry */
    unsigned int index;
};

/* To be called after mmu_create(). */
void model_create(void);

/*
 * To be called before each call into hypervisor/mm for the domain: looks at all
 * frames anew, and lets go what is to be let go of its own.
 */
void model_look(unsigned int domain);

/* CPUs have set accessed and dirty bits since. */
void model_look_at_accessed(void);

/* The call was not done after all. */
void model_undo(void);

/* What the call has to return. */
int model_pin(unsigned int domain, mfn_t mfn, enum frame_type type);
int model_unpin(unsigned int domain, mfn_t mfn);
int model_write(unsigned int domain, mfn_t table, unsigned int slot,
                uint64_t value, uint64_t mask);
int model_set_root(unsigned int domain, unsigned int root, mfn_t mfn,
                   enum frame_type type);
int model_take_back(unsigned int domain, mfn_t mfn);
int model_get_writable(unsigned int domain, mfn_t mfn);
int model_get(unsigned int domain, mfn_t mfn);

/* A store by the guest to a page. */
void model_store(mfn_t mfn, unsigned int slot, uint64_t value);

/* The domain has a frame more, zeroed. */
void model_give(unsigned int domain, mfn_t mfn);

/* Where the last call failed. */
extern struct model_failure model_failure;

/* It was a write to an entry that maps a frame of another domain. */
extern bool model_refused_foreign;

/* The root that is in use there; 0 if none is. */
mfn_t model_root(unsigned int domain, unsigned int root);

/*
 * What of the frames is other than the model has it; NULL if nothing is. For
 * when nothing is left to be released.
 */
const char *model_compare(void);

#endif

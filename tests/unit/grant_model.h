/* SPDX-License-Identifier: MIT
 *
 * The part of the second opinion (memory_model.h) that is about grants: who
 * has which frame of whom, as a list that is searched for every question.
 *
 * What a call answers that has more than one reason to refuse is not said
 * here: the model has all of them, and any will do.
 */
#ifndef TESTS_UNIT_GRANT_MODEL_H
#define TESTS_UNIT_GRANT_MODEL_H

#include "abi/grant.h"
#include "tests/unit/mmu.h"

#define MODEL_TABLES 3u /* frames of a domain's table, at most */
#define MODEL_USES 16u  /* of all domains, at most */

/* The refs in each frame of a table whose words are among model_slots: their
 * number, and the slot of the first of two words. */
#define MODEL_REFS 6u
extern const struct model_ref {
    uint16_t ref, slot;
} model_refs[MODEL_REFS];

/* The i-th of them in a table of several frames. */
static inline uint32_t model_ref_number(unsigned int i)
{
    return i / MODEL_REFS * PARAPET_GRANTS_PER_FRAME +
           model_refs[i % MODEL_REFS].ref;
}

enum model_kind {
    USE_NONE,
    USE_TAKEN, /* a call is in the middle of it */
    USE_HOLD,
    USE_MAP,
    USE_RUN, /* the first of a run of holds, and the others */
    USE_IN_RUN,
};

/* A frame that somebody has of somebody else. */
struct model_use {
    enum model_kind kind;
    unsigned int user, lender; /* domains */
    uint32_t lender_id;        /* there may be another one since */
    uint32_t ref;
    bool writable;
    mfn_t mfn;
    uint32_t handle;
    uint32_t run; /* of one in a run: the first one's handle */
    mfn_t table;  /* of a mapping */
    unsigned int slot;
};

/* What a mapping may have besides its frame. */
#define MODEL_MAP_BITS 0x8000000000000666ul

/* A set of errors, each as bit n for -n; and what says that it was none. */
#define REASON(error) (1ul << (error))

/* The domain is new, and this frame is its table. */
void model_lender_create(unsigned int domain, uint32_t id, mfn_t table);
uint32_t model_id(unsigned int domain);
bool model_ends(unsigned int domain);
unsigned int model_nr_tables(unsigned int domain);
mfn_t model_table(unsigned int domain, unsigned int nr);

/* A use; NULL: there is none of this number, or handle. */
struct model_use *model_use(unsigned int nr);
struct model_use *model_handle(unsigned int domain, uint32_t handle);

/* Whether it seems to be lent to the other domain. */
bool model_is_lent(unsigned int lender, uint32_t ref, unsigned int other);

/* Whether so many more can be taken. */
bool model_has_room(unsigned int nr);

/*
 * The calls, after model_look(): 0, or why it is refused. *made is what was
 * taken by user, of lender's ref.
 */
uint64_t model_take(unsigned int user, unsigned int lender, uint32_t ref,
                    bool writable, struct model_use **made);
/* What an entry says. And that a call that failed may have cleared marks there
 * which the lender has made up, or has let them be. */
uint64_t model_word(unsigned int lender, uint32_t ref);
void model_may_clear(unsigned int lender, uint32_t ref, uint64_t word);
/* What was half let go in an own frame that the domain could not take of
 * itself, goes with the end of its call. */
void model_let_go(unsigned int domain, uint32_t ref);
uint64_t model_map(struct model_use *use, uint64_t pte, uint64_t bits);
uint64_t model_refuse_map(unsigned int user, uint64_t pte, uint64_t bits);
void model_hold(struct model_use *use);
void model_put(struct model_use *use);
/* Its uses, from the first one on, which have been taken, become a run. */
void model_run(struct model_use *const *of_run, unsigned int nr);
void model_put_run(const struct model_use *first);
uint64_t model_grow(unsigned int domain, mfn_t mfn);

/* The domain ends: nothing of it can be taken any more. */
void model_end(unsigned int domain);

/* What the frames of one that ends have become is taken over; NULL, or what
 * must not be. */
const char *model_follow(unsigned int domain);

/* How often a ref is in use: to read only, and to write. */
unsigned int model_nr_uses(unsigned int lender, uint32_t ref, bool writable);
mfn_t model_used_frame(unsigned int lender, uint32_t ref);

/* Whether a CPU of the domain may translate to another's frame. */
bool model_may_translate(unsigned int domain, mfn_t mfn, bool writable);

/* The references of the uses and of the tables go on the list. */
void model_look_at_uses(void);

#endif

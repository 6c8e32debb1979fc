/* SPDX-License-Identifier: MIT
 *
 * What the files of the steps of grants have in common.
 */
#ifndef TESTS_UNIT_GRANT_STEP_H
#define TESTS_UNIT_GRANT_STEP_H

#include "tests/unit/grant_model.h"
#include "tests/unit/memory_model.h"
#include "tests/unit/memory_steps.h"

struct grant_step {
    unsigned int domain;
    const uint8_t *bytes;
    bool sane; /* as of a guest that wants to get on */
};

uint32_t grant_decode_ref(unsigned int lender, uint8_t byte);

/* Mostly a frame of the domain's. */
mfn_t grant_decode_mfn(unsigned int domain, uint8_t byte);

/* A use of this kind by the domain; NULL: it has none. */
struct model_use *grant_decode_use(unsigned int domain, enum model_kind kind,
                                   uint8_t byte);

/* As the hypercalls begin, and model_look(). False: the call would be
 * restarted. */
bool grant_begin(unsigned int domain);

/* What came out, beside the model's reasons to refuse it: NULL, or what is
 * wrong with it, or with the frames after it. */
const char *grant_result(unsigned int domain, uint64_t reasons, int error,
                         struct step_counts *counts);

/* The steps of grant_borrow.c. */
const char *grant_take_step(const struct grant_step *s,
                            struct step_counts *counts);
const char *grant_map_step(const struct grant_step *s,
                           struct step_counts *counts);
const char *grant_hold_step(const struct grant_step *s,
                            struct step_counts *counts);
const char *grant_put_step(const struct grant_step *s,
                           struct step_counts *counts);
const char *grant_drop_step(const struct grant_step *s, enum model_kind kind,
                            struct step_counts *counts);

#endif

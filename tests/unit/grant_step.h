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

/* The second half of it, and the words for the first. */
const char *grant_compare(unsigned int domain, struct step_counts *counts);
const char *grant_unexpected(uint64_t reasons, int error);

/* What the domain wants its entry to be, and to have. */
uint64_t grant_decode_pte(const struct grant_step *s, uint8_t byte);
uint64_t grant_decode_bits(const struct grant_step *s, bool writable);

/* Any entry of the lender's; or, of a sane guest, one that is lent to it. */
uint32_t grant_decode_lent(const struct grant_step *s, unsigned int lender,
                           uint8_t byte);

/* The step of grant_arrays.c. */
const char *grant_array_step(const struct grant_step *s, bool map,
                             struct step_counts *counts);

/* The other domain lends it frames by entries in a row, if they are free. */
void grant_lend_run(const struct grant_step *s, uint32_t ref, uint32_t nr);

/* The step of grant_runs.c. */
const char *grant_run_step(const struct grant_step *s,
                           struct step_counts *counts);

/* The step of grant_copies.c. */
const char *grant_copy_step(const struct grant_step *s,
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

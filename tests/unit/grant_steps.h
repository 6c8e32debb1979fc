/* SPDX-License-Identifier: MIT
 *
 * The steps of memory_steps.h that have to do with grants.
 */
#ifndef TESTS_UNIT_GRANT_STEPS_H
#define TESTS_UNIT_GRANT_STEPS_H

#include "tests/unit/memory_steps.h"
#include "tests/unit/mmu.h"

/* As steps_step(); text tells it in words. */
const char *grant_steps_step(const uint8_t bytes[STEP_SIZE],
                             struct step_counts *counts, char *text,
                             size_t size);

/* The entry of a mapping of another's frame, if the domain has any. */
bool grant_steps_entry(unsigned int domain, uint8_t byte, mfn_t *table,
                       unsigned int *slot);

#endif

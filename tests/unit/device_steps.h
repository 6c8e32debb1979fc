/* SPDX-License-Identifier: MIT
 *
 * Steps of memory_steps.h that map pages of devices and take that away, and
 * what the model knows of it: which entry of which table maps one, as a list.
 */
#ifndef TESTS_UNIT_DEVICE_STEPS_H
#define TESTS_UNIT_DEVICE_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/memory_steps.h"
#include "tests/unit/mmu.h"

/* Nothing is mapped, of a new machine. */
void device_steps_reset(void);

/* For model_look(): each mapping is a reference to its table. */
void device_steps_look(void);

/* Whether a table of the domain may have this entry, which says that it maps a
 * device. */
bool device_steps_may_have(unsigned int domain, mfn_t table, unsigned int index,
                           uint64_t entry);

/* Calls found(table) for each table that a mapping of the domain's keeps. */
void device_steps_tables(unsigned int domain, void (*found)(mfn_t table));

/* NULL, or what is wrong; what it did is in text. */
const char *device_steps_step(const uint8_t bytes[STEP_SIZE],
                              struct step_counts *counts, char *text,
                              size_t size);

#endif

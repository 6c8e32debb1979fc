/* SPDX-License-Identifier: MIT
 *
 * Any bytes as calls into hypervisor/mm by two hostile domains, on the machine
 * of mmu.h, beside the model of memory_model.h. After each call it is checked
 * that both agree, that the audit finds nothing, that no table in use can be
 * written, and that no CPU can use a translation that it should not have.
 */
#ifndef TESTS_UNIT_MEMORY_STEPS_H
#define TESTS_UNIT_MEMORY_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The frames that the domains begin with: few, so that they meet. */
#define STEPS_FIRST 14u
#define STEPS_SECOND 6u

/* What one step takes of the bytes. */
#define STEP_SIZE 8u

/* What came out of the steps so far: for a test to see that it tests. */
struct step_counts {
    uint64_t successes;
    uint64_t failures;
    uint64_t restarts;
    uint64_t abandoned; /* calls that were not called again */
    uint64_t compared;
    /* Of grants: so many were taken, mapped, held, and let go; and writes to
     * what is mapped of another were refused; and so many domains ended.
     * runs: of two holds or more. */
    uint64_t taken, mapped, held, dropped, foreign_writes, ends, copied, runs;
};

/* Begins with a new machine; grants: half of the steps are those of
 * grant_steps.h. */
void steps_begin(bool grants);
bool steps_have_grants(void);

/* The same, and a quarter of the steps are those of device_steps.h. */
void steps_begin_with_devices(void);

/* NULL, or what is wrong. */
const char *steps_step(const uint8_t bytes[STEP_SIZE],
                       struct step_counts *counts);

/* The end of both domains, in shares of so much work: at least WORK_LEAST.
 * NULL, or what is wrong. steps_begin() comes next. */
const char *steps_end(uint32_t work);

/* The last step in words, for a message. */
const char *steps_last(void);

#endif

/* SPDX-License-Identifier: MIT
 *
 * For tests whose CPUs are threads, on the machine of mmu.h: in place of
 * mmu_tlb.c there is a clock that all may turn, and a flush that is done as
 * soon as it is asked for.
 */
#ifndef TESTS_UNIT_RACE_H
#define TESTS_UNIT_RACE_H

#include "tests/unit/mmu.h"

/* The number of this one; each sets its own. */
extern _Thread_local unsigned int race_thread;

/* As a guest does whose call is to be made again. */
void race_lock(struct memory_owner *m);

#endif

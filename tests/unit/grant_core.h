/* SPDX-License-Identifier: MIT
 *
 * The hypercalls for grants themselves, on the machine of mmu.h.
 *
 * A domain of core/ has its memory owner in it, and mmu.h has them on their
 * own. So what there is of them is carried there before a call, and back after
 * it; and in the middle of it, for who looks at a flush.
 */
#ifndef TESTS_UNIT_GRANT_CORE_H
#define TESTS_UNIT_GRANT_CORE_H

#include "tests/unit/mmu.h"

/* The domain is found by this id from now on, and no more. */
void core_create(unsigned int domain, uint32_t id);
void core_remove(unsigned int domain);

/* How often guest memory can be accessed in the next call, and then not. */
void core_access(unsigned int times);
#define CORE_ALWAYS UINT32_MAX

/* It was a write that was the first one that could not. */
bool core_failed_to_write(void);

/* As the guest calls: the call's result, and how many elements it has done. */
int64_t core_map(unsigned int domain, void *elements, unsigned int nr);
int64_t core_unmap(unsigned int domain, void *elements, unsigned int nr);
int64_t core_hold(unsigned int domain, void *elements, unsigned int nr);
int64_t core_hold_run(unsigned int domain, void *elements, unsigned int nr);
int64_t core_release(unsigned int domain, void *elements, unsigned int nr);
int64_t core_copy(unsigned int domain, void *elements, unsigned int nr);
int64_t core_grow(unsigned int domain, mfn_t mfn);
unsigned int core_nr_done(void);

/* In the middle of a call: its CPU has waited for another one; and where the
 * domain's memory lock is meanwhile. */
void core_waited(void);
struct turn_lock *core_memory_lock(unsigned int domain);

/* A share of a domain's end: true when it has nothing of others any more. */
bool core_end_share(unsigned int domain);

#endif

/* SPDX-License-Identifier: MIT
 *
 * The calls of mm/grant.h for one element each, as core/hc_grant.c makes them,
 * cut where another CPU may come in between: what was taken of a lender is
 * kept under a number until it becomes a mapping or a hold, or is put back.
 */
#ifndef TESTS_UNIT_GRANT_CALLS_H
#define TESTS_UNIT_GRANT_CALLS_H

#include "tests/unit/mmu.h"

/* The domain's first frame of a table, which is its own already. */
void calls_create(unsigned int domain, uint32_t id, mfn_t table);

int calls_take(unsigned int nr, unsigned int user, unsigned int lender,
               uint32_t ref, bool writable);
void calls_put(unsigned int nr);

/* On failure it is still taken. */
int calls_map(unsigned int nr, uint64_t pte, uint64_t bits, uint32_t *handle);
int calls_hold(unsigned int nr, uint32_t *handle, uint64_t *maddr);

#define CALLS_HANDLES 4u

/* Of all of them at once; a status for each. */
void calls_unmap(unsigned int user, const uint32_t *handles, int *status,
                 unsigned int nr);
void calls_release(unsigned int user, const uint32_t *handles, int *status,
                   unsigned int nr);

int64_t calls_grow(unsigned int domain, mfn_t mfn);

/* What the hypervisor's records say of an entry. */
struct grant_record calls_record(unsigned int domain, uint32_t ref);
bool calls_has_handle(unsigned int domain, uint32_t handle);

/* The handle after this one, which is not the last of its run. */
uint32_t calls_next_of_run(unsigned int domain, uint32_t handle);

/* The end of a domain: nobody takes any more; a share of what it has of others,
 * true when there is no more; and, when all else is gone, its tables. */
void calls_close(unsigned int domain);
bool calls_end_share(unsigned int domain);
void calls_free(unsigned int domain);

#endif

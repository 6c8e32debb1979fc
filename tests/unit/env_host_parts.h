/* SPDX-License-Identifier: MIT
 *
 * What the files of env_host.h have of each other. All but the first are called
 * with the lock.
 */
#ifndef TESTS_UNIT_ENV_HOST_PARTS_H
#define TESTS_UNIT_ENV_HOST_PARTS_H

#include "tests/unit/env_host.h"

void env_host_take(void);
void env_host_give(void);

/* Whether the test has this one refused. */
bool env_host_refused(void);

/* The frame of a page; it ends the program when it is nobody's. */
uint64_t env_host_mfn_of(const void *page);

/* The page of a frame of that domain's, of any one's for ENV_HOST_DOMAINS;
 * NULL: there is none. */
void *env_host_bytes(uint32_t owner, uint64_t mfn);

void env_host_reset_grants(void);
bool env_host_is_lent(uint32_t domain, uint64_t mfn);
void env_host_count_grants(uint32_t domain, struct env_host_use *use);

#endif

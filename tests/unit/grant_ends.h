/* SPDX-License-Identifier: MIT
 *
 * The ends of the domains of grant_steps.h, step by step as in
 * core/domain_teardown.h; and others that come in their places.
 */
#ifndef TESTS_UNIT_GRANT_ENDS_H
#define TESTS_UNIT_GRANT_ENDS_H

#include <stdbool.h>
#include <stdint.h>

/* With a new machine: the last of each domain's frames becomes its table. */
void grant_ends_reset(void);

/* NULL, or what is wrong; so for the others. */
const char *grant_ends_begin(unsigned int domain);

/* Whether it has begun, or is over. */
bool grant_ends_has_begun(unsigned int domain);

/* A share of so much work; after the last one comes a new domain. */
const char *grant_ends_share(unsigned int domain, uint32_t work);

/* Both domains to their ends, from wherever they are. */
const char *grant_ends_all(uint32_t work);

#endif

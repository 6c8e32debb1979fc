/* SPDX-License-Identifier: MIT
 *
 * Grants when a domain has ended.
 */
#ifndef HYPERVISOR_CORE_GRANT_END_H
#define HYPERVISOR_CORE_GRANT_END_H

#include <stdbool.h>

struct domain;

/*
 * A share of d->memory.work: nobody takes any more of what d lends, and what it
 * has of others is dropped; true when nothing is left of that. No CPU
 * translates by d's tables any more. Its memory lock is held.
 */
bool grant_end_share(struct domain *d);

#endif

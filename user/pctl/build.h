/* SPDX-License-Identifier: MIT
 *
 * Makes a domain of a description: lib/builder with its services answered by
 * hypercalls. It owns the files that go into the domain.
 */
#ifndef USER_PCTL_BUILD_H
#define USER_PCTL_BUILD_H

#include "user/pctl/description.h"
#include "user/pctl/pctl.h"

/* Makes it, and leaves it for domain_unpause: the status of pctl. If it is not
 * PCTL_DONE, nothing is left of it. */
int build_make(struct pctl *p, const struct description *d, uint32_t *id);

#endif

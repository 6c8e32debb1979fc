/* SPDX-License-Identifier: MIT
 *
 * How CPUs leave the roots of an owner that is gone.
 */
#ifndef HYPERVISOR_MM_OWNER_ROOT_H
#define HYPERVISOR_MM_OWNER_ROOT_H

#include <stdbool.h>

struct memory_owner;

/*
 * None of the owner's vCPUs runs again, and none is on a CPU: those CPUs that
 * are still on one of its roots, since they have nothing to run, go to the
 * hypervisor's root soon. They are asked once; owner_has_no_root() says when
 * all have gone.
 */
void owner_leave_roots(struct memory_owner *m);
bool owner_has_no_root(const struct memory_owner *m);

#endif

/* SPDX-License-Identifier: MIT
 *
 * How an owner's frames go back to the machine when it has ended.
 */
#ifndef HYPERVISOR_MM_OWNER_RELEASE_H
#define HYPERVISOR_MM_OWNER_RELEASE_H

#include <stdbool.h>

#include "hypervisor/mm/type.h"

/*
 * Does a share of m->work, which the caller has filled anew (mm/work.h): drops
 * pins, lets go all tables, and gives back every frame but those that the
 * hypervisor holds (type_hold), or leaves it behind for others who refer to it;
 * true when only the held ones are left. m's lock is held.
 *
 * No call of the owner's comes any more, and its vCPUs hold no root. Whatever
 * its tables were in the middle of does not matter, and nobody gets another
 * reference to one of its frames. It costs by the owner's size: see
 * docs/DESIGN.md, section 11.
 */
bool owner_release_share(struct memory_owner *m);

/*
 * Gives back one of the held frames, or leaves it behind, once nothing of the
 * hypervisor uses it any more and owner_release_share() has returned true. Some
 * 150 instructions. m's lock is held, or nobody else can find m.
 */
void owner_free_held(struct memory_owner *m, mfn_t mfn);

#endif

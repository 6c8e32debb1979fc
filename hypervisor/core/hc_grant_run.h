/* SPDX-License-Identifier: MIT
 *
 * What grant_release does with a run of holds.
 */
#ifndef HYPERVISOR_CORE_HC_GRANT_RUN_H
#define HYPERVISOR_CORE_HC_GRANT_RUN_H

#include "hypervisor/core/grant_call.h"

/* Lets go all holds of the run with this first handle. The caller's memory lock
 * is held, and perhaps a lender's. 0, or -ERESTART: nothing was done. */
int64_t grant_run_release(struct grant_call *c, struct grant_mapping *first);

#endif

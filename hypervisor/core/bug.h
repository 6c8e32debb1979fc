/* SPDX-License-Identifier: MIT
 *
 * Tier 3 of the errors (docs/DESIGN.md section 9): we broke an invariant of
 * our own. Always compiled in. Nothing that a guest does may lead here.
 */
#ifndef HYPERVISOR_CORE_BUG_H
#define HYPERVISOR_CORE_BUG_H

#include "hypervisor/core/panic.h"

#define BUG_ON(condition)                                                      \
    do {                                                                       \
        if (__builtin_expect(!!(condition), 0))                                \
            panic("%s:%d: BUG: %s", __FILE__, __LINE__, #condition);           \
    } while (0)

#endif

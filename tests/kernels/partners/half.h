/* SPDX-License-Identifier: MIT
 *
 * When which attack of hazard_lock_wait runs, on the monotonic clock, which all
 * domains of a machine share.
 */
#ifndef TESTS_KERNELS_PARTNERS_HALF_H
#define TESTS_KERNELS_PARTNERS_HALF_H

#include <stdint.h>

#include "tests/kernels/lib/clock.h"

#define HALF_FIRST_NS (200 * MG_MS)
#define HALF_ATTACK_NS (100 * MG_MS)
#define HALF_NR_ATTACKS 8

/* Which attack it is time for; HALF_NR_ATTACKS or more when all are over. */
static inline uint64_t half_attack(uint64_t now)
{
    return now < HALF_FIRST_NS ? 0 : (now - HALF_FIRST_NS) / HALF_ATTACK_NS;
}

#endif

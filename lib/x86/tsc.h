/* SPDX-License-Identifier: MIT
 *
 * The time stamp counter (APM 3, RDTSC).
 */
#ifndef LIB_X86_TSC_H
#define LIB_X86_TSC_H

#include <stdint.h>

/* It clears the upper halves of both registers. */
static inline uint64_t rdtsc(void)
{
    uint64_t low;
    uint64_t high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return high << 32 | low;
}

/* No later instruction passes it, and it no earlier one: for measuring. */
static inline uint64_t rdtsc_ordered(void)
{
    uint64_t low;
    uint64_t high;

    __asm__ volatile("lfence\n\trdtsc\n\tlfence"
                     : "=a"(low), "=d"(high)
                     :
                     : "memory");
    return high << 32 | low;
}

#endif

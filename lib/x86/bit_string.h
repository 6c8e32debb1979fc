/* SPDX-License-Identifier: MIT
 *
 * Bits of a string of bits, each by one instruction: the CPU finds the word by
 * itself, while C needs four more instructions for that.
 */
#ifndef LIB_X86_BIT_STRING_H
#define LIB_X86_BIT_STRING_H

#include <stdbool.h>
#include <stdint.h>

/* Sets a bit atomically; whether it was set. All other memory accesses stay
 * before or after it. */
static inline bool bit_test_and_set(uint64_t *bits, uint64_t bit)
{
    bool was;

    __asm__ volatile("lock btsq %2, %1"
                     : "=@ccc"(was), "+m"(*bits)
                     : "r"(bit)
                     : "memory");
    return was;
}

static inline bool bit_test(const uint64_t *bits, uint64_t bit)
{
    bool is;

    __asm__ volatile("btq %2, %1"
                     : "=@ccc"(is)
                     : "m"(*bits), "r"(bit)
                     : "memory");
    return is;
}

#endif

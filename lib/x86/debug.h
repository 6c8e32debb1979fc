/* SPDX-License-Identifier: MIT
 *
 * Debug registers (APM 2, section 13.1.1).
 */
#ifndef LIB_X86_DEBUG_H
#define LIB_X86_DEBUG_H

#include <stdint.h>

/* As after a reset (APM 2, 13.1.1.3). The CPU sets bits and clears none. */
#define DR6_RESET 0xffff0ff0ul
#define DR6_BS 0x4000ul /* a single step */

static inline uint64_t read_dr6(void)
{
    uint64_t value;

    __asm__ volatile("mov %%dr6, %0" : "=r"(value));
    return value;
}

static inline void write_dr6(uint64_t value)
{
    __asm__ volatile("mov %0, %%dr6" : : "r"(value));
}

#endif

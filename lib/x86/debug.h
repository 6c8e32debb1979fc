/* SPDX-License-Identifier: MIT
 *
 * Debug registers (APM 2, section 13.1.1).
 */
#ifndef LIB_X86_DEBUG_H
#define LIB_X86_DEBUG_H

#include <stdint.h>

/* As after a reset (APM 2, 13.1.1.3). The CPU sets bits and clears none. */
#define DR6_RESET 0xffff0ff0ul
#define DR7_RESET 0x400ul
#define DR6_BS 0x4000ul /* a single step */

/* read_dr6(), write_dr6() and so on. */
#define DEFINE_DR(n)                                                           \
    static inline uint64_t read_dr##n(void)                                    \
    {                                                                          \
        uint64_t value;                                                        \
        __asm__ volatile("mov %%dr" #n ", %0" : "=r"(value));                  \
        return value;                                                          \
    }                                                                          \
    static inline void write_dr##n(uint64_t value)                             \
    {                                                                          \
        __asm__ volatile("mov %0, %%dr" #n : : "r"(value));                    \
    }
DEFINE_DR(0)
DEFINE_DR(6)
DEFINE_DR(7)
#undef DEFINE_DR

#endif

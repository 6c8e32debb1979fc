/* SPDX-License-Identifier: MIT
 *
 * Control registers (APM 2, section 3.1; XCR0: section 11.5.2). The bits are
 * for C and assembly.
 */
#ifndef LIB_X86_CONTROL_H
#define LIB_X86_CONTROL_H

#include "lib/x86/bit.h"

#define CR0_PE X86_BIT(0)
#define CR0_MP X86_BIT(1)
#define CR0_TS X86_BIT(3)
#define CR0_ET X86_BIT(4)
#define CR0_NE X86_BIT(5)
#define CR0_WP X86_BIT(16)
#define CR0_AM X86_BIT(18)
#define CR0_PG X86_BIT(31)

#define CR4_PAE X86_BIT(5)
#define CR4_MCE X86_BIT(6)
#define CR4_PGE X86_BIT(7)
#define CR4_OSFXSR X86_BIT(9)
#define CR4_OSXMMEXCPT X86_BIT(10)
#define CR4_UMIP X86_BIT(11)
#define CR4_FSGSBASE X86_BIT(16)
#define CR4_OSXSAVE X86_BIT(18)
#define CR4_SMEP X86_BIT(20)
#define CR4_SMAP X86_BIT(21)

#define XCR0_X87 X86_BIT(0)
#define XCR0_SSE X86_BIT(1)
#define XCR0_AVX X86_BIT(2)

#ifndef __ASSEMBLY__

#include <stdint.h>

/* read_cr0(), write_cr0() and so on. A write to CR3 flushes the TLB, too. */
#define DEFINE_CR(n)                                                           \
    static inline uint64_t read_cr##n(void)                                    \
    {                                                                          \
        uint64_t value;                                                        \
        __asm__ volatile("mov %%cr" #n ", %0" : "=r"(value));                  \
        return value;                                                          \
    }                                                                          \
    static inline void write_cr##n(uint64_t value)                             \
    {                                                                          \
        __asm__ volatile("mov %0, %%cr" #n : : "r"(value) : "memory");         \
    }
DEFINE_CR(0)
DEFINE_CR(2)
DEFINE_CR(3)
DEFINE_CR(4)
DEFINE_CR(8)
#undef DEFINE_CR

static inline void xsetbv(uint32_t index, uint64_t value)
{
    __asm__ volatile("xsetbv"
                     :
                     : "c"(index), "a"((uint32_t)value),
                       "d"((uint32_t)(value >> 32)));
}

static inline void invlpg(uint64_t vaddr)
{
    __asm__ volatile("invlpg (%0)" : : "r"(vaddr) : "memory");
}

#endif
#endif

/* SPDX-License-Identifier: MIT
 *
 * Bits of RFLAGS (APM 2, section 3.1.6), for C and assembly.
 */
#ifndef LIB_X86_RFLAGS_H
#define LIB_X86_RFLAGS_H

#include "lib/x86/bit.h"

#define RFLAGS_CF X86_BIT(0)
#define RFLAGS_ALWAYS X86_BIT(1) /* it is always 1 */
#define RFLAGS_PF X86_BIT(2)
#define RFLAGS_AF X86_BIT(4)
#define RFLAGS_ZF X86_BIT(6)
#define RFLAGS_SF X86_BIT(7)
#define RFLAGS_TF X86_BIT(8)
#define RFLAGS_IF X86_BIT(9)
#define RFLAGS_DF X86_BIT(10)
#define RFLAGS_OF X86_BIT(11)
#define RFLAGS_IOPL (X86_BIT(12) | X86_BIT(13))
#define RFLAGS_NT X86_BIT(14)
#define RFLAGS_RF X86_BIT(16)
#define RFLAGS_VM X86_BIT(17)
#define RFLAGS_AC X86_BIT(18)
#define RFLAGS_VIF X86_BIT(19)
#define RFLAGS_VIP X86_BIT(20)
#define RFLAGS_ID X86_BIT(21)

/* What arithmetic leaves. */
#define RFLAGS_STATUS                                                          \
    (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

#ifndef __ASSEMBLY__

#include <stdint.h>

/* Without a red zone below rsp, as kernels are compiled. */
static inline uint64_t read_rflags(void)
{
    uint64_t rflags;

    __asm__ volatile("pushfq; popq %0" : "=r"(rflags) : : "memory");
    return rflags;
}

#endif
#endif

/* SPDX-License-Identifier: MIT
 *
 * What the CPU says of itself (APM 3, appendix E).
 */
#ifndef LIB_X86_CPUID_H
#define LIB_X86_CPUID_H

#include <stdint.h>

/* Leaves, and bits of what they yield. */
#define CPUID_FEATURES 1u
#define CPUID_EXTENDED_FEATURES 7u
#define CPUID_7_EBX_FSGSBASE (1u << 0)
#define CPUID_7_EBX_SMEP (1u << 7)
#define CPUID_7_EBX_SMAP (1u << 20)
#define CPUID_7_ECX_UMIP (1u << 2)
#define CPUID_XSAVE 13u
#define CPUID_EXTENDED 0x80000001u
#define CPUID_BRAND 0x80000002u /* and the next two: 48 characters */

struct cpuid_result {
    uint32_t eax;
    uint32_t ebx;
    uint32_t ecx;
    uint32_t edx;
};

/* All zero for a leaf that the CPU does not have. */
static inline struct cpuid_result cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_result r = {0, 0, 0, 0};
    uint32_t highest;

    __asm__ volatile("cpuid"
                     : "=a"(highest), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "0"(leaf & 0x80000000), "2"(0));
    if (leaf > highest)
        return (struct cpuid_result){0, 0, 0, 0};
    __asm__ volatile("cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "0"(leaf), "2"(subleaf));
    return r;
}

#endif

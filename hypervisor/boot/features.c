/* SPDX-License-Identifier: MIT
 *
 * CPUID: APM 3, appendix E.
 */
#include "hypervisor/boot/features.h"

#include <stdbool.h>

#include "hypervisor/base/panic.h"
#include "hypervisor/x86/cpu.h"
#include "lib/macros.h"
#include "lib/printf.h"
#include "lib/string.h"

#define NEEDED_CR4                                                             \
    (CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_UMIP |              \
     CR4_FSGSBASE | CR4_OSXSAVE | CR4_SMEP | CR4_SMAP)
#define NEEDED_CR0                                                             \
    (CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG)

enum cpuid_register { EAX, EBX, ECX, EDX };

struct feature {
    const char *name;
    uint32_t leaf;
    enum cpuid_register reg;
    unsigned int bit;
};

/* What boot.S relies on it has checked itself (lib/x86/cpu_check.inc). */
static const struct feature needed[] = {
    {"fpu", CPUID_FEATURES, EDX, 0},
    {"mce", CPUID_FEATURES, EDX, 7},
    {"apic", CPUID_FEATURES, EDX, 9},
    {"fxsr", CPUID_FEATURES, EDX, 24},
    {"sse", CPUID_FEATURES, EDX, 25},
    {"sse2", CPUID_FEATURES, EDX, 26},
    {"xsave", CPUID_FEATURES, ECX, 26},
    {"avx", CPUID_FEATURES, ECX, 28},
    {"fsgsbase", CPUID_EXTENDED_FEATURES, EBX, 0},
    {"smep", CPUID_EXTENDED_FEATURES, EBX, 7},
    {"smap", CPUID_EXTENDED_FEATURES, EBX, 20},
    {"umip", CPUID_EXTENDED_FEATURES, ECX, 2},
    {"syscall", CPUID_EXTENDED, EDX, 11},
    {"nx", CPUID_EXTENDED, EDX, 20},
};

static bool has(const struct feature *f)
{
    struct cpuid_result r = cpuid(f->leaf, 0);
    uint32_t value = f->reg == EBX ? r.ebx : f->reg == ECX ? r.ecx : r.edx;

    return value >> f->bit & 1;
}

void features_check(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
        if (!has(&needed[i]))
            boot_refuse("the CPU lacks %s: take CPU=max (QEMU's -cpu max)",
                        needed[i].name);
    }
}

void features_enable(void)
{
    write_cr0(NEEDED_CR0);
    write_cr4(NEEDED_CR4);
    xsetbv(0, XCR0_X87 | XCR0_SSE | XCR0_AVX);
    /* A known x87 and MXCSR state, for the first vCPU and for none. */
    __asm__ volatile("fninit");
}

uint32_t features_xsave_size(void)
{
    return cpuid(CPUID_XSAVE, 0).ebx;
}

void features_describe(char *text, size_t size)
{
    char brand[49] = {0};
    size_t n;

    for (uint32_t i = 0; i < 3; i++) {
        struct cpuid_result r = cpuid(CPUID_BRAND + i, 0);
        memcpy(brand + 16 * i, &r, sizeof(r));
    }
    (void)string_format(text, size, "%s:", brand);
    for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
        n = strlen(text);
        (void)string_format(text + n, size - n, " %s", needed[i].name);
    }
}

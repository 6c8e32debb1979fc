/* SPDX-License-Identifier: MIT
 *
 * What the native build cannot do without. What its first instructions
 * need they have checked themselves (lib/x86/cpu_check.inc); what is only of
 * use (AVX, the protections of the kernel from user memory) is not here: the
 * files that use it ask for it. Programs rely on what the System V ABI has at
 * the least.
 */
#include <stdbool.h>
#include <stddef.h>

#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/privops/native/native.h"
#include "lib/macros.h"
#include "lib/x86/cpuid.h"

enum cpuid_register { ECX, EDX };

struct feature {
    const char *name;
    uint32_t leaf;
    enum cpuid_register reg;
    unsigned int bit;
};

static const struct feature needed[] = {
    {"fpu", CPUID_FEATURES, EDX, 0},      {"apic", CPUID_FEATURES, EDX, 9},
    {"fxsr", CPUID_FEATURES, EDX, 24},    {"sse", CPUID_FEATURES, EDX, 25},
    {"sse2", CPUID_FEATURES, EDX, 26},    {"xsave", CPUID_FEATURES, ECX, 26},
    {"syscall", CPUID_EXTENDED, EDX, 11},
};

static bool has(const struct feature *feature)
{
    struct cpuid_result r = cpuid(feature->leaf, 0);

    return (feature->reg == ECX ? r.ecx : r.edx) >> feature->bit & 1;
}

void native_check_features(void)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(needed); i++) {
        if (has(&needed[i]))
            continue;
        kprintf("guest: cannot boot: the CPU lacks %s: take CPU=max (QEMU's "
                "-cpu max)\n",
                needed[i].name);
        native_refuse_boot();
    }
}

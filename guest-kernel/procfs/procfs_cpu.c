/* SPDX-License-Identifier: MIT
 *
 * /proc/cpuinfo: what cpuid says to a program too, in the words of proc(5).
 */
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/procfs/procfs_parts.h"
#include "guest-kernel/procfs/procfs_text.h"
#include "lib/macros.h"
#include "lib/x86/cpuid.h"

/* Some of the flags, by Linux's names: those that programs look for. */
static const struct cpu_flag {
    const char *name;
    uint32_t leaf;
    unsigned int bit; /* of ebx, ecx, edx, one after the other */
} cpu_flags[] = {
    {"fpu", CPUID_FEATURES, 64},          {"tsc", CPUID_FEATURES, 68},
    {"cx8", CPUID_FEATURES, 72},          {"cmov", CPUID_FEATURES, 79},
    {"fxsr", CPUID_FEATURES, 88},         {"sse", CPUID_FEATURES, 89},
    {"sse2", CPUID_FEATURES, 90},         {"lm", CPUID_EXTENDED, 93},
    {"svm", CPUID_EXTENDED, 34},          {"pni", CPUID_FEATURES, 32},
    {"ssse3", CPUID_FEATURES, 41},        {"fma", CPUID_FEATURES, 44},
    {"cx16", CPUID_FEATURES, 45},         {"sse4_1", CPUID_FEATURES, 51},
    {"sse4_2", CPUID_FEATURES, 52},       {"popcnt", CPUID_FEATURES, 55},
    {"aes", CPUID_FEATURES, 57},          {"xsave", CPUID_FEATURES, 58},
    {"avx", CPUID_FEATURES, 60},          {"rdrand", CPUID_FEATURES, 62},
    {"hypervisor", CPUID_FEATURES, 63},   {"bmi1", CPUID_EXTENDED_FEATURES, 3},
    {"avx2", CPUID_EXTENDED_FEATURES, 5}, {"bmi2", CPUID_EXTENDED_FEATURES, 8},
};

static bool has_flag(const struct cpu_flag *flag)
{
    struct cpuid_result r = cpuid(flag->leaf, 0);
    const uint32_t words[] = {r.ebx, r.ecx, r.edx};

    return (words[flag->bit / 32] >> flag->bit % 32 & 1) != 0;
}

static void put_vendor(struct text *text)
{
    struct cpuid_result r = cpuid(0, 0);
    const uint32_t vendor[] = {r.ebx, r.edx, r.ecx};

    text_print(text, "vendor_id\t: %.12s\n", (const char *)vendor);
}

static void put_brand(struct text *text)
{
    struct cpuid_result brand[3];
    const char *start = (const char *)brand;
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(brand); i++)
        brand[i] = cpuid(CPUID_BRAND + i, 0);
    text_print(text, "model name\t: %.*s\n", (int)sizeof(brand), start);
}

/* Family, model and stepping: APM 3, appendix E.3.2. */
static void put_model(struct text *text)
{
    uint32_t eax = cpuid(CPUID_FEATURES, 0).eax;
    uint32_t family = eax >> 8 & 0xf, model = eax >> 4 & 0xf;

    if (family == 0xf || family == 6)
        model |= eax >> 12 & 0xf0;
    if (family == 0xf)
        family += eax >> 20 & 0xff;
    text_print(text, "cpu family\t: %u\nmodel\t\t: %u\nstepping\t: %u\n",
               family, model, eax & 0xf);
}

void procfs_show_cpuinfo(struct text *text,
                         const struct procfs_subject *subject)
{
    uint64_t hz = privops_tick_hz();
    size_t i;

    (void)subject;
    text_print(text, "processor\t: 0\n");
    put_vendor(text);
    put_model(text);
    put_brand(text);
    text_print(text, "cpu MHz\t\t: %lu.%03lu\n", hz / 1000000,
               hz / 1000 % 1000);
    text_print(text, "flags\t\t:");
    for (i = 0; i < ARRAY_SIZE(cpu_flags); i++)
        if (has_flag(&cpu_flags[i]))
            text_print(text, " %s", cpu_flags[i].name);
    text_print(text, "\n\n");
}

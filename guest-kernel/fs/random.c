/* SPDX-License-Identifier: MIT
 *
 * Random bytes: from the CPU where it has rdrand, and then as good as the
 * CPU's maker says. (QEMU's TCG answers rdrand from the host's generator.)
 * Otherwise from a small generator (Sebastiano Vigna's splitmix64) that starts
 * with the time: different at each boot, good enough to spread hash tables and
 * stack protectors' values, but anybody who tries can guess it. It is no base
 * for keys, and nothing tells a program which of the two it got.
 */
#include "guest-kernel/fs/random.h"

#include "guest-kernel/privops/privops.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "lib/x86/cpuid.h"

#define CPUID_1_ECX_RDRAND (1u << 30)

/* It may fail for a moment; more often than that, it is broken (Intel's
 * manual, volume 1, section 7.3.17). */
#define RDRAND_TRIES 10

static bool has_rdrand(void)
{
    static enum { UNKNOWN, NO, YES } answer; /* cpuid can cost an exit */

    if (answer == UNKNOWN)
        answer =
            (cpuid(CPUID_FEATURES, 0).ecx & CPUID_1_ECX_RDRAND) != 0 ? YES : NO;
    return answer == YES;
}

static bool rdrand(uint64_t *value)
{
    unsigned int tries;
    bool ok;

    for (tries = 0; tries < RDRAND_TRIES; tries++) {
        __asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(ok));
        if (ok)
            return true;
    }
    return false;
}

static uint64_t generate(void)
{
    static uint64_t state;
    uint64_t value;

    state += 0x9e3779b97f4a7c15ul +
             (state == 0 ? privops_wall_ns() ^ privops_clock_ns() << 32 : 0);
    value = state;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9ul;
    value = (value ^ value >> 27) * 0x94d049bb133111ebul;
    return value ^ value >> 31;
}

void random_bytes(void *to, size_t size)
{
    char *bytes = to;
    uint64_t value;
    size_t piece;

    while (size > 0) {
        if (!has_rdrand() || !rdrand(&value))
            value = generate();
        piece = MIN(size, sizeof(value));
        memcpy(bytes, &value, piece);
        bytes += piece;
        size -= piece;
    }
}

/* SPDX-License-Identifier: MIT
 *
 * States in the form of xsave (APM 2, section 11.5).
 */
#include "guest-kernel/proc/fpu.h"

#include "guest-kernel/core/panic.h"
#include "guest-kernel/mm/slab.h"
#include "lib/string.h"
#include "lib/x86/cpuid.h"

#define COMPONENT_X87 0x1ul
#define COMPONENT_SSE 0x2ul
#define FCW_RESET 0x37f
#define MXCSR_RESET 0x1f80
#define MXCSR_KNOWN 0xffffu /* other bits are not to be set */

/* Its head; what follows is the CPU's. Aligned to 64, as kzalloc() of more
 * than half of that is. */
struct fpu_state {
    uint16_t fcw;
    uint8_t unused0[22];
    uint32_t mxcsr;
    uint8_t unused1[484];
    uint64_t in_use; /* components that are not in their reset state */
    uint64_t compact;
    uint8_t reserved[48];
};

_Static_assert(offsetof(struct fpu_state, mxcsr) == 24 &&
                   offsetof(struct fpu_state, in_use) == 512 &&
                   sizeof(struct fpu_state) == 576,
               "the layout is the CPU's");

/* cpuid is a trap under a hypervisor: asked once. */
size_t fpu_size(void)
{
    static size_t size;

    if (size == 0)
        size = cpuid(CPUID_XSAVE, 0).ebx; /* for what is enabled */
    BUG_ON(size < sizeof(struct fpu_state));
    return size;
}

uint64_t fpu_components(void)
{
    uint32_t low, high;

    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

void fpu_reset(struct fpu_state *state)
{
    memset(state, 0, fpu_size());
    state->fcw = FCW_RESET;
    state->mxcsr = MXCSR_RESET;
    state->in_use = COMPONENT_X87 | COMPONENT_SSE;
}

void fpu_sanitize(struct fpu_state *state)
{
    state->mxcsr &= MXCSR_KNOWN;
    state->in_use &= fpu_components();
    state->compact = 0;
    memset(state->reserved, 0, sizeof(state->reserved));
}

struct fpu_state *fpu_state_create(void)
{
    struct fpu_state *state = kmalloc(fpu_size());

    if (state != NULL)
        fpu_reset(state);
    return state;
}

/* All components that are enabled: the mask may have more bits. */
void fpu_save(struct fpu_state *state)
{
    __asm__ volatile("xsave64 (%0)"
                     :
                     : "r"(state), "a"(UINT32_MAX), "d"(UINT32_MAX)
                     : "memory");
}

/*
 * Without an exception pending, some CPUs neither save nor load the x87 unit's
 * pointers to the last instruction and operand (APM 2, 11.4.4.2; QEMU never
 * does): fninit makes them 0, so that no other program's are left there.
 */
void fpu_load(const struct fpu_state *state)
{
    __asm__ volatile("fninit\n"
                     "xrstor64 (%0)"
                     :
                     : "r"(state), "a"(UINT32_MAX), "d"(UINT32_MAX)
                     : "memory");
}

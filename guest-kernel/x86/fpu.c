/* SPDX-License-Identifier: MIT
 *
 * States in the form of xsave (APM 2, section 11.5).
 */
#include "guest-kernel/x86/fpu.h"

#include <stddef.h>
#include <stdint.h>

#include "guest-kernel/core/panic.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/x86/cpuid.h"

#define COMPONENT_X87 0x1ul
#define COMPONENT_SSE 0x2ul
#define FCW_RESET 0x37f
#define MXCSR_RESET 0x1f80

/* Its head; what follows is the CPU's. Aligned to 64, as kzalloc() of more
 * than half of that is. */
struct fpu_state {
    uint16_t fcw;
    uint8_t unused0[22];
    uint32_t mxcsr;
    uint8_t unused1[484];
    uint64_t in_use; /* components that are not in their reset state */
    uint8_t unused2[56];
};

_Static_assert(offsetof(struct fpu_state, mxcsr) == 24 &&
                   offsetof(struct fpu_state, in_use) == 512 &&
                   sizeof(struct fpu_state) == 576,
               "the layout is the CPU's");

struct fpu_state *fpu_state_create(void)
{
    /* For the components that are enabled. */
    uint32_t size = cpuid(CPUID_XSAVE, 0).ebx;
    struct fpu_state *state;

    BUG_ON(size < sizeof(*state));
    state = kzalloc(size);
    if (state == NULL)
        return NULL;
    state->fcw = FCW_RESET;
    state->mxcsr = MXCSR_RESET;
    state->in_use = COMPONENT_X87 | COMPONENT_SSE;
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

void fpu_load(const struct fpu_state *state)
{
    __asm__ volatile("xrstor64 (%0)"
                     :
                     : "r"(state), "a"(UINT32_MAX), "d"(UINT32_MAX)
                     : "memory");
}

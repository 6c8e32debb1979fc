/* SPDX-License-Identifier: MIT
 *
 * See canary.h.
 */
#include "tests/kernels/lib/canary.h"

#include "abi/stubs.h"
#include "tests/kernels/lib/test.h"

/* The thread block of the x86-64 ABI, up to the canary. */
static struct {
    uint64_t other[5];
    uint64_t canary;
} block = {.canary = 0x5a17ca11a4b00000};

_Noreturn void __stack_chk_fail(void);

_Noreturn void __stack_chk_fail(void)
{
    mg_error("a stack canary was overwritten");
}

void mg_canary_set(void)
{
    MG_CHECK_EQ(
        hypercall_set_segment_base(PARAPET_SEGMENT_FS, (uint64_t)&block), 0);
}

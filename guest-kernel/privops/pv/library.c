/* SPDX-License-Identifier: MIT
 *
 * What Debian's libfdt.a expects of the program around it besides string
 * functions: a stack canary at %fs:0x28, and __stack_chk_fail() for when it
 * finds it changed. The kernel itself is built without canaries.
 */
#include "abi/stubs.h"
#include "guest-kernel/core/panic.h"
#include "guest-kernel/privops/pv/pv.h"

void __stack_chk_fail(void);

/* The head of a thread control block, as glibc lays it out. */
static struct {
    uint64_t unused[5];
    uint64_t canary;
} control_block;

_Static_assert(__builtin_offsetof(__typeof__(control_block), canary) == 0x28,
               "the canary is at %fs:0x28");

void pv_library_init(void)
{
    /* The time of the boot: not a secret, but no two boots have the same. */
    control_block.canary = __builtin_ia32_rdtsc();
    pv_check(hypercall_set_segment_base(PARAPET_SEGMENT_FS,
                                        (uint64_t)&control_block),
             "set_segment_base");
}

void __stack_chk_fail(void)
{
    panic("a library function has overwritten its stack");
}

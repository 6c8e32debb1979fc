/* SPDX-License-Identifier: MIT
 *
 * Hazard: the guest's stack runs out, so that not even the fault can be told
 * to it. The page below the start stack is not mapped.
 *
 * Why: The report of a fault needs the guest's stack, and the fault may be
 * that there is none. A hypervisor that answers a failed push with a fault for
 * the guest, which it pushes again, goes round for ever in ring 0. The CPU
 * itself ends this with a double and then a triple fault. We end the domain at
 * the first frame that cannot be written, and say which exception it was for.
 *
 * VARIANT: overflow expect=killed:"stack for the exception"
 * VARIANT: faulting_handler expect=killed:"stack for the exception"
 * VARIANT: handler_nowhere expect=killed:"stack for the exception"
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"

MG_TEST(hazard_stack);

MG_SNIPPET(recurse, "1: call 1b");
MG_SNIPPET(do_ud2, "ud2");
MG_SNIPPET(faulting_handler, "ud2");

void test_main(void)
{
    mg_expect_kill();
    if (mg_variant("overflow")) {
        recurse(NULL);
    } else if (mg_variant("faulting_handler")) {
        /* Each exception causes the next, one frame deeper. */
        mg_trap_set(MG_UD, 0, (uint64_t)faulting_handler);
        do_ud2(NULL);
    } else if (mg_variant("handler_nowhere")) {
        /* The same, by handlers where nothing is mapped. */
        mg_trap_set(MG_UD, 0, 0x400000);
        mg_trap_set(MG_PF, 0, 0x400000);
        do_ud2(NULL);
    }
    mg_not_killed();
}

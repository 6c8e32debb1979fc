/* SPDX-License-Identifier: MIT
 *
 * shutdown: reasons that do not exist are refused; the others end the domain
 * and are told apart by what the machine's end says.
 *
 * QEMU: once=1
 * VARIANT: poweroff expect=success
 * VARIANT: reboot expect=ended:"asked for a reboot"
 * VARIANT: crash expect=ended:"crashed"
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/test.h"

MG_TEST(shutdown);

static void test_refusals(void)
{
    MG_CHECK_EQ(hypercall_shutdown(3), -PARAPET_EINVAL);
    MG_CHECK_EQ(hypercall_shutdown(0x7fffffff), -PARAPET_EINVAL);
    MG_CHECK_EQ(hypercall_shutdown(0xffffffff), -PARAPET_EINVAL);
}

void test_main(void)
{
    test_refusals();
    if (mg_variant("poweroff"))
        return; /* the runtime powers off */
    mg_expect_kill();
    (void)hypercall_shutdown(mg_variant("reboot") ? PARAPET_SHUTDOWN_REBOOT
                                                  : PARAPET_SHUTDOWN_CRASH);
    mg_not_killed();
}

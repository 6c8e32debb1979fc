/* SPDX-License-Identifier: MIT
 *
 * How the machine ends when it has a control domain: with that, by its reason,
 * whatever the others do. dom0_crash=keep is for a crash only.
 *
 * BUNDLE: memory=32M
 * QEMU: privileged=1 patience=120 once=1
 * CONSOLE: "the control domain has ended: the machine ends"
 *
 * VARIANT: poweroff append=dom0_crash=keep
 * VARIANT: reboot append=dom0_crash=keep expect=ended:"asked for a reboot"
 * VARIANT: crash expect=ended:"crashed"
 * VARIANT: kill expect=killed:"iret: "
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/test.h"

MG_TEST(control_end);

/* One that runs, and one that is being built. */
static void make_others(void)
{
    struct mg_child child;

    mg_child_run("spin", &child);
    MG_CHECK_EQ(mg_child_make(&(struct mg_child_wish){.name = NULL}, &child),
                0);
}

void test_main(void)
{
    mg_control_init();
    make_others();
    if (mg_variant("poweroff"))
        return; /* the runtime powers off */
    mg_expect_kill();
    if (mg_variant("kill"))
        (void)hypercall_iret();
    (void)hypercall_shutdown(mg_variant("reboot") ? PARAPET_SHUTDOWN_REBOOT
                                                  : PARAPET_SHUTDOWN_CRASH);
    mg_not_killed();
}

/* SPDX-License-Identifier: MIT
 *
 * With dom0_crash=keep the machine outlives a crash of the control domain.
 * Those that run go on; those that are dead are taken apart, though nobody
 * destroys them; and those that nobody can start any more, since they are being
 * built or paused, end: so the machine ends with the last one that runs. The
 * partner runs until the frames of all others are back, to the last one. In the
 * crowd there are 500 that have to end, and a child that waits for that. The
 * control domain wanted errors alone on the console; all is there again.
 *
 * BUNDLE: memory=16M
 * QEMU: privileged=1 patience=120 mem=96M append="dom0_crash=keep log=debug"
 * EXPECT: ended "crashed"
 * CONSOLE: "d4: does not run, and the control domain, .* is gone"
 * NOWHERE: "the control domain has ended: the machine ends"
 *
 * VARIANT: one partner="ended_frames memory=4M" meter="long; as crowd"
 * VARIANT: cpus smp=4 partner="ended_frames memory=4M" meter="long; as crowd"
 * VARIANT: crowd memory=32M mem=256M icount=1 console="domain 501 is gone"
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/test.h"

MG_TEST(control_keep);

#define CROWD 500

/* None of its pages are made. */
static void make(void)
{
    struct mg_child child;

    MG_CHECK_EQ(mg_child_make(&(struct mg_child_wish){.name = NULL}, &child),
                0);
}

/* One in each state. */
static void make_all(void)
{
    struct mg_child child;

    mg_child_run("exit", &child);
    (void)mg_domain_wait(child.id, PARAPET_DOMAIN_ENDED);
    mg_child_run("spin", &child);
    MG_CHECK_EQ(mg_domain_pause(child.id), 0);
    make();
    mg_child_create(&(struct mg_child_wish){.nr_vcpus = 4}, &child);
    mg_child_run("nap", &child);
}

static void make_crowd(void)
{
    struct mg_child child;

    mg_child_run("nap", &child);
    for (int i = 0; i < CROWD; i++)
        make();
}

void test_main(void)
{
    mg_control_init();
    if (mg_variant("crowd"))
        make_crowd();
    else
        make_all();
    if (mg_failures() > 0)
        return;
    MG_CHECK_EQ(hypercall_log_console(PARAPET_LOG_ERR), 0);
    mg_expect_kill();
    (void)hypercall_shutdown(PARAPET_SHUTDOWN_CRASH);
    mg_not_killed();
}

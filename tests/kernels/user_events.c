/* SPDX-License-Identifier: MIT
 *
 * Events that come while user mode runs, or before it does: with which frame
 * its guest kernel gets them, and that nothing holds them up there.
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/user.h"

MG_TEST(user_events);

MG_SNIPPET(do_syscall, "syscall");
MG_SNIPPET(do_spin, "1: inc %rax; jmp 1b");
MG_SNIPPET(do_count, "1: dec %rdi; jnz 1b; syscall");
MG_SNIPPET(do_ud2, "ud2");

static struct parapet_frame interrupted;
static uint64_t nr_upcalls;

/* The spinning ends here, by another rip. */
static void take_out(struct mg_regs *regs)
{
    nr_upcalls++;
    interrupted = regs->frame;
    regs->frame.rip = mg_user_address(do_syscall);
    regs->frame.rax = 7;
}

static void test_interrupt(void)
{
    uint32_t port = mg_event_bind_virq(PARAPET_VIRQ_TIMER, NULL, NULL);
    struct mg_fault seen;
    uint64_t spin = mg_user_address(do_spin);

    mg_event_hook(take_out);
    for (uint64_t round = 1; round <= 20; round++) {
        MG_DONE(hypercall_set_timer(mg_clock_ns() + MG_MS));
        mg_user_run(do_spin, 0, PARAPET_RFLAGS_IF, &seen);
        MG_CHECK_EQ(seen.vector, MG_SYSCALL);
        MG_CHECK_EQ(seen.frame.rax, 7);
        MG_CHECK_EQ(nr_upcalls, round);
        MG_CHECK_EQ(interrupted.cs, PARAPET_CS_USER);
        MG_CHECK_EQ(interrupted.rsp, MG_USER_STACK_TOP);
        MG_CHECK(interrupted.rflags & PARAPET_RFLAGS_IF);
        MG_CHECK(interrupted.rip >= spin && interrupted.rip < spin + 8);
    }
    mg_event_hook(NULL);
    mg_event_close(port);
}

/* Long enough to lose the CPU in user mode, and to get it back. */
static void test_long_run(void)
{
    struct mg_fault seen;

    for (int round = 0; round < 3; round++) {
        (void)mg_user_expect("counting", do_count, 20000000, MG_SYSCALL, &seen);
        MG_CHECK_EQ(seen.frame.rip, mg_user_address(do_count) + 7);
        MG_CHECK_EQ(seen.frame.rsp, MG_USER_STACK_TOP);
    }
}

/* One that is pending comes before the first instruction in user mode. */
static void test_pending(void)
{
    uint32_t port = mg_event_bind_ipi(0, NULL, NULL);
    struct mg_fault seen;

    mg_event_hook(take_out);
    nr_upcalls = 0;
    MG_DONE(hypercall_evtchn_send(port));
    mg_user_run(do_ud2, 0, PARAPET_RFLAGS_IF, &seen);
    MG_CHECK_EQ(seen.vector, MG_SYSCALL);
    MG_CHECK_EQ(nr_upcalls, 1);
    MG_CHECK_EQ(interrupted.rip, mg_user_address(do_ud2));
    MG_CHECK_EQ(interrupted.cs, PARAPET_CS_USER);
    mg_event_hook(NULL);
    mg_event_close(port);
}

/* Bit 9 of a frame that says user means nothing: events always come there. */
static void test_never_masked(void)
{
    uint32_t port = mg_event_bind_virq(PARAPET_VIRQ_TIMER, NULL, NULL);
    struct mg_fault seen;

    nr_upcalls = 0;
    mg_event_hook(take_out);
    MG_DONE(hypercall_set_timer(mg_clock_ns() + MG_MS));
    mg_user_run(do_spin, 0, 0, &seen);
    MG_CHECK_EQ(seen.vector, MG_SYSCALL);
    MG_CHECK_EQ(nr_upcalls, 1);
    MG_CHECK(interrupted.rflags & PARAPET_RFLAGS_IF);
    MG_DONE(hypercall_evtchn_send(port));
    mg_user_run(do_ud2, 0, 0, &seen);
    MG_CHECK_EQ(seen.vector, MG_SYSCALL);
    MG_CHECK_EQ(nr_upcalls, 2);
    mg_event_hook(NULL);
    mg_event_close(port);
}

void test_main(void)
{
    (void)mg_user_init();
    test_interrupt();
    test_long_run();
    test_pending();
    test_never_masked();
    mg_audit();
}

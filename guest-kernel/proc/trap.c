/* SPDX-License-Identifier: MIT
 *
 * What user mode causes goes to proc/user.c. Exceptions of the kernel itself
 * are the end, but for the breakpoint, which is counted and passed over.
 * Interrupts go to the build, and on the way back another thread may get the
 * CPU.
 */
#include "guest-kernel/proc/trap.h"

#include "guest-kernel/core/panic.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/proc/user.h"
#include "guest-kernel/thread/sched.h"
#include "guest-kernel/x86/trap.h"

static uint64_t breakpoints;

static bool is_interrupt(uint64_t vector)
{
    return vector >= TRAP_NR_EXCEPTIONS && vector < TRAP_NR_STUBS;
}

void trap_dispatch(struct trap_regs *regs)
{
    if (is_interrupt(regs->vector)) {
        privops_interrupt(regs->vector);
        if (trap_from_user(regs))
            user_return(regs);
        else
            sched_preempt(regs);
    } else if (trap_from_user(regs)) {
        user_trap(regs);
    } else if (regs->vector == TRAP_BREAKPOINT) {
        breakpoints++;
    } else {
        panic_exception(regs);
    }
}

uint64_t trap_breakpoints(void)
{
    return breakpoints;
}

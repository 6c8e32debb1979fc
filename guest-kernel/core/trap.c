/* SPDX-License-Identifier: MIT
 *
 * Exceptions are the end, but for the breakpoint, which is counted and passed
 * over. Interrupts go to the build, and on the way back another thread may
 * get the CPU.
 */
#include "guest-kernel/core/trap.h"

#include "guest-kernel/core/panic.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/proc/sched.h"
#include "guest-kernel/x86/trap.h"

static uint64_t breakpoints;

void trap_dispatch(struct trap_regs *regs)
{
    if (regs->vector == TRAP_BREAKPOINT) {
        breakpoints++;
        return;
    }
    if (regs->vector < TRAP_NR_EXCEPTIONS)
        panic_exception(regs);
    privops_interrupt(regs->vector);
    sched_preempt();
}

uint64_t trap_breakpoints(void)
{
    return breakpoints;
}

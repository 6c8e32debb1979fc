/* SPDX-License-Identifier: MIT
 *
 * The kernel's descriptors for user mode are used as they are; the entry for
 * system calls and the stack for exceptions are the bench's meanwhile.
 */
#include "guest-kernel/bench/native_user.h"

#include <stdint.h>

#include "guest-kernel/bench/native.h"
#include "guest-kernel/bench/native_loops.h"
#include "guest-kernel/bench/native_memory.h"
#include "guest-kernel/privops/native/native.h"
#include "guest-kernel/x86/trap.h"
#include "lib/x86/msr.h"

static uint64_t kernel_lstar, kernel_rsp0;

bool user_prepare(void)
{
    (void)memory_prepare();
    kernel_lstar = rdmsr(MSR_LSTAR);
    kernel_rsp0 = native_tss.rsp[0];
    wrmsr(MSR_LSTAR, (uint64_t)bench_syscall_entry);
    bench_set_entry(TRAP_BREAKPOINT, bench_leave_user);
    return true;
}

void user_finish(void)
{
    native_tss.rsp[0] = kernel_rsp0;
    wrmsr(MSR_LSTAR, kernel_lstar);
    memory_finish();
}

/* SPDX-License-Identifier: MIT */
#include "hypervisor/base/turn_lock.h"

#include "hypervisor/base/spinlock.h"

#include "hypervisor/x86/percpu.h"

/* Who waits is not alone, so this_cpu() is right: the boot is long over. */
bool turn_lock_wait_here(struct turn_lock *lock)
{
    struct cpu_info *cpu = this_cpu();

    cpu->multicall_stop |= MULTICALL_WAITED;
    return turn_lock_wait(lock, cpu->id, TURN_LOCK_LOOKS, tlb_serve);
}

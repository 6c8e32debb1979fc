/* SPDX-License-Identifier: MIT */
#include "hypervisor/base/spinlock.h"

#include "hypervisor/x86/percpu.h"

/* Who waits is not alone, so this_cpu() is right: the boot is long over. */
void spin_wait(const struct spinlock *lock, uint32_t ticket)
{
    this_cpu()->multicall_stop |= MULTICALL_WAITED;
    while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket) {
        __asm__ volatile("pause");
        tlb_serve();
    }
}

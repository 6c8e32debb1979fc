/* SPDX-License-Identifier: MIT
 *
 * The rare half of memory_lock(), which knows the CPU.
 */
#include "hypervisor/mm/tlb.h"
#include "hypervisor/mm/type.h"
#include "hypervisor/x86/percpu.h"

bool memory_lock_wait(struct memory_owner *m)
{
    struct cpu_info *cpu = this_cpu();

    cpu->multicall_stop |= MULTICALL_WAITED;
    return turn_lock_wait(&m->lock, cpu->id, TURN_LOCK_LOOKS, tlb_serve);
}

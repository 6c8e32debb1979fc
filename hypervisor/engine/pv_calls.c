/* SPDX-License-Identifier: MIT
 *
 * Hypercalls that only the pv engine's guests need: trap table, callbacks,
 * segment bases.
 */
#include "abi/errors.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/hypercall.h"
#include "hypervisor/core/latency.h"
#include "hypervisor/engine/direct_access.h"
#include "hypervisor/engine/pv.h"
#include "hypervisor/x86/cpu.h"

/*
 * Called by the entry code in the place of the handler, when a hypercall is to
 * be timed: the six arguments as the handler takes them, then the number.
 */
int64_t pv_timed_hypercall(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                           uint64_t a5, uint64_t a6, uint64_t number)
{
    struct cpu_info *cpu = this_cpu();
    struct vcpu *v = cpu->current;
    uint64_t start = latency_begin(cpu);
    int64_t result = v->domain->dispatch[number](a1, a2, a3, a4, a5, a6);

    latency_add(latency_of_hypercall(v, number), start);
    return result;
}

/*
 * iret as an entry of the dispatch table: never reached, since the entry code
 * takes the number before and a multicall refuses it.
 */
int64_t hc_iret(void)
{
    return -PARAPET_EINVAL;
}

/*
 * set_trap_table: sets the handlers that traps[0..nr_traps) names and keeps
 * the others. EFAULT: an entry cannot be read. EINVAL: a vector is none, flags
 * are unknown, or an entry is not the guest's to execute. E2BIG: more entries
 * than vectors. On an error, the entries before it are set.
 */
int64_t hc_set_trap_table(uint64_t traps, uint64_t nr_traps)
{
    struct vcpu *v = vcpu_current();
    struct parapet_trap t;

    if (nr_traps > PARAPET_NR_TRAPS)
        return -PARAPET_E2BIG;
    for (uint64_t i = 0; i < nr_traps; i++) {
        if (direct_copy_from_guest(&t, traps + i * sizeof(t), sizeof(t)))
            return -PARAPET_EFAULT;
        if (t.vector >= PARAPET_NR_TRAPS ||
            (t.flags & ~(uint32_t)PARAPET_TRAP_MASK_EVENTS) ||
            !guest_vaddr_ok(t.entry))
            return -PARAPET_EINVAL;
        pv_vcpu(v)->traps[t.vector].entry = t.entry;
        pv_vcpu(v)->traps[t.vector].mask_events =
            t.flags & PARAPET_TRAP_MASK_EVENTS;
    }
    return 0;
}

/*
 * set_callback: callback is PARAPET_CALLBACK_*, entry 0 removes it. EINVAL: no
 * such callback, or entry is not the guest's to execute.
 */
int64_t hc_set_callback(uint32_t callback, uint64_t entry)
{
    struct vcpu *v = vcpu_current();

    if (!guest_vaddr_ok(entry))
        return -PARAPET_EINVAL;
    switch (callback) {
    case PARAPET_CALLBACK_EVENT:
        v->event_entry = entry;
        return hc_event_check();
    case PARAPET_CALLBACK_SYSCALL:
        pv_vcpu(v)->syscall_entry = entry;
        pv_cpu(this_cpu())->syscall_entry = entry;
        return 0;
    default:
        return -PARAPET_EINVAL;
    }
}

/*
 * set_segment_base: segment is PARAPET_SEGMENT_*. EINVAL: no such segment, or
 * base is not canonical. A base inside the hypervisor's range is harmless: an
 * access through it faults.
 */
int64_t hc_set_segment_base(uint32_t segment, uint64_t base)
{
    if ((uint64_t)((int64_t)(base << 16) >> 16) != base)
        return -PARAPET_EINVAL;
    switch (segment) {
    case PARAPET_SEGMENT_FS:
        write_fs_base(base);
        return 0;
    case PARAPET_SEGMENT_GS:
        write_gs_base(base);
        return 0;
    case PARAPET_SEGMENT_GS_USER:
        wrmsr(MSR_KERNEL_GS_BASE, base);
        return 0;
    default:
        return -PARAPET_EINVAL;
    }
}

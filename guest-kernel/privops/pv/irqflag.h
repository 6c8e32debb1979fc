/* SPDX-License-Identifier: MIT
 *
 * The interrupt flag of the pv build: a byte in the vCPU page, at GS. No exit
 * to the hypervisor, unless an event came while they were masked. Contract in
 * privops/privops.h.
 */
#ifndef GUEST_KERNEL_PRIVOPS_PV_IRQFLAG_H
#define GUEST_KERNEL_PRIVOPS_PV_IRQFLAG_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/abi.h"
#include "abi/stubs.h"

/* cli: one store. */
static inline void privops_irq_disable(void)
{
    __asm__ volatile("movb $1, %%gs:%c0"
                     :
                     : "i"(PARAPET_VCPU_EVENT_MASK)
                     : "memory");
}

/*
 * sti: one store, one comparison, one branch not taken. An event between the
 * store and the comparison is delivered by itself; the check then finds
 * nothing, or asks once too often.
 */
static inline void privops_irq_enable(void)
{
    bool pending;

    __asm__ volatile("movb $0, %%gs:%c1\n\t"
                     "cmpb $0, %%gs:%c2"
                     : "=@ccne"(pending)
                     : "i"(PARAPET_VCPU_EVENT_MASK),
                       "i"(PARAPET_VCPU_EVENT_PENDING)
                     : "memory");
    if (__builtin_expect(pending, 0))
        (void)hypercall_event_check();
}

static inline bool privops_irq_enabled(void)
{
    bool enabled;

    __asm__ volatile("cmpb $0, %%gs:%c1"
                     : "=@cce"(enabled)
                     : "i"(PARAPET_VCPU_EVENT_MASK)
                     : "memory");
    return enabled;
}

static inline bool privops_irq_save(void)
{
    bool enabled = privops_irq_enabled();

    privops_irq_disable();
    return enabled;
}

static inline void privops_irq_restore(bool on)
{
    if (on)
        privops_irq_enable();
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * The interrupt flag of the native build: bit 9 of RFLAGS. Contract in
 * privops/privops.h.
 */
#ifndef GUEST_KERNEL_PRIVOPS_NATIVE_IRQFLAG_H
#define GUEST_KERNEL_PRIVOPS_NATIVE_IRQFLAG_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/x86/rflags.h"

static inline void privops_irq_disable(void)
{
    __asm__ volatile("cli" : : : "memory");
}

static inline void privops_irq_enable(void)
{
    __asm__ volatile("sti" : : : "memory");
}

static inline bool privops_irq_enabled(void)
{
    return (read_rflags() & RFLAGS_IF) != 0;
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

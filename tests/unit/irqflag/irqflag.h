/* SPDX-License-Identifier: MIT
 *
 * The interrupt flag where there are no interrupts: a word, for tests of what
 * disables them. Contract in guest-kernel/privops/privops.h.
 */
#ifndef TESTS_UNIT_IRQFLAG_H
#define TESTS_UNIT_IRQFLAG_H

#include <stdbool.h>

extern bool irqflag_on;

static inline void privops_irq_disable(void)
{
    irqflag_on = false;
}

static inline void privops_irq_enable(void)
{
    irqflag_on = true;
}

static inline bool privops_irq_enabled(void)
{
    return irqflag_on;
}

static inline bool privops_irq_save(void)
{
    bool enabled = irqflag_on;

    irqflag_on = false;
    return enabled;
}

static inline void privops_irq_restore(bool on)
{
    irqflag_on = on;
}

#endif

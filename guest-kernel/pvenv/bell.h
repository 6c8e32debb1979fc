/* SPDX-License-Identifier: MIT
 *
 * What the guest kernel's bells can do beyond pvdrivers/env.h.
 */
#ifndef GUEST_KERNEL_PVENV_BELL_H
#define GUEST_KERNEL_PVENV_BELL_H

#include <stdint.h>

#include "guest-kernel/privops/privops.h"
#include "guest-kernel/thread/sched.h"
#include "pvdrivers/env.h"

/* Whoever rings calls this, with interrupts disabled: instead of a sleep on the
 * bell. */
void bell_call(struct env_bell *bell, void (*function)(void));

/* What a thread that serves does, for ever: calls this, with interrupts
 * disabled, and again when the bell has been rung, or at the time that it
 * returned; 0: when others have had their turn. */
static inline void bell_serve(struct env_bell *bell, uint64_t (*serve)(void))
{
    uint64_t next;

    for (;;) {
        privops_irq_disable();
        next = serve();
        privops_irq_enable();
        if (next == 0)
            sched_yield();
        else
            (void)env_bell_wait(bell, next);
    }
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * What the guest kernel's bells can do beyond pvdrivers/env.h.
 */
#ifndef GUEST_KERNEL_PVENV_BELL_H
#define GUEST_KERNEL_PVENV_BELL_H

struct env_bell;

/* Whoever rings calls this, with interrupts disabled: for who does not sleep on
 * the bell itself. */
void bell_call(struct env_bell *bell, void (*function)(void));

#endif

/* SPDX-License-Identifier: MIT
 *
 * The kernel's console when the control domain shows it: the front-end.
 */
#ifndef GUEST_KERNEL_PVENV_CONSOLE_H
#define GUEST_KERNEL_PVENV_CONSOLE_H

#include <stdbool.h>

/* Nothing in a domain whose console is the hypervisor's. Interrupts are
 * disabled; the console's port is bound. */
void pvenv_console_init(void);

/* The control domain has ended: nobody serves this one any more. */
bool pvenv_is_alone(void);

#endif

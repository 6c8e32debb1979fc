/* SPDX-License-Identifier: MIT
 *
 * The kernel's console when the control domain shows it: the front-end.
 */
#ifndef GUEST_KERNEL_PVENV_CONSOLE_H
#define GUEST_KERNEL_PVENV_CONSOLE_H

/* Nothing in a domain whose console is the hypervisor's. Interrupts are
 * disabled; the console's port is bound. */
void pvenv_console_init(void);

#endif

/* SPDX-License-Identifier: MIT
 *
 * The domain's bus page, by which it finds its devices: a thread looks at it
 * when there is news. Each kind of device has its front-ends in a file of its
 * own.
 */
#ifndef GUEST_KERNEL_PVENV_BUS_H
#define GUEST_KERNEL_PVENV_BUS_H

/* Nothing in a domain that nobody serves. Interrupts are disabled. */
void pvenv_bus_init(void);

#endif

/* SPDX-License-Identifier: MIT
 *
 * How much memory the domain has, as the control domain asks: by giving back
 * frames of free pages, and asking for frames again.
 */
#ifndef GUEST_KERNEL_CONTROL_BALLOON_H
#define GUEST_KERNEL_CONTROL_BALLOON_H

/* The target in the shared page may be another one. Interrupts are disabled. */
void balloon_look(void);

#endif

/* SPDX-License-Identifier: MIT
 *
 * The console for threads: text out, bytes in. No input is lost: what does not
 * fit into the buffer here stays in the device or with the hypervisor.
 */
#ifndef GUEST_KERNEL_CORE_CONSOLE_H
#define GUEST_KERNEL_CORE_CONSOLE_H

#include <stddef.h>

/* Registers the interrupt handler: before privops_irq_start(). */
void console_init(void);

/* Sleeps until a byte has come in. For threads, interrupts enabled. */
char console_get(void);

/* Writes all of it, as it is. */
void console_put(const char *text, size_t size);

#endif

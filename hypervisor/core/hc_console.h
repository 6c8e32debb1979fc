/* SPDX-License-Identifier: MIT
 *
 * Which domain reads the console.
 */
#ifndef HYPERVISOR_CORE_HC_CONSOLE_H
#define HYPERVISOR_CORE_HC_CONSOLE_H

struct domain;

/* d reads the input from now on, and is told by PARAPET_VIRQ_CONSOLE. */
void hc_console_set_focus(struct domain *d);

/* d has ended: the next one that lives has the focus, and what input waits. */
void hc_console_domain_ended(const struct domain *d);

/* The UART has interrupted. */
void hc_console_interrupt(void);

#endif

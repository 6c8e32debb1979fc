/* SPDX-License-Identifier: MIT
 *
 * The clocks in the shared pages of all domains (abi/shared.h): what guests
 * read of the time that base/time.h keeps.
 */
#ifndef HYPERVISOR_CORE_CLOCK_H
#define HYPERVISOR_CORE_CLOCK_H

struct domain;

/* Fills the clock of a domain that is in the list and has not started. */
void clock_fill(struct domain *d);

/* A second is over: looks at the time, and tells all domains. Boot CPU. */
void clock_interrupt(void);

#endif

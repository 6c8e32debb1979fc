/* SPDX-License-Identifier: MIT
 *
 * How Xen enters the guest: exceptions, events, system calls.
 */
#ifndef BENCH_XEN_UPCALL_H
#define BENCH_XEN_UPCALL_H

#include <stdint.h>

#define VECTOR_BREAKPOINT 3
#define VECTOR_PROTECTION 13
#define VECTOR_PAGE_FAULT 14

typedef void upcall_entry_t(void);

/* All vectors lead to a report and the end of the bench. */
void upcall_reset(void);

/* One vector, from kernel and user mode; the others as upcall_reset. */
void upcall_set_trap(uint8_t vector, upcall_entry_t *entry);

/* Two of them. */
void upcall_set_traps(uint8_t vector1, upcall_entry_t *entry1, uint8_t vector2,
                      upcall_entry_t *entry2);

/* XEN_CALLBACK_...; events are masked while it runs. */
void upcall_set_callback(uint16_t type, upcall_entry_t *entry);

#endif

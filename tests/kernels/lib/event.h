/* SPDX-License-Identifier: MIT
 *
 * Event ports: binding, and handlers that the upcall calls.
 */
#ifndef KERNELS_EVENT_H
#define KERNELS_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/kernels/lib/regs.h"

/* Runs in the upcall, with events masked; the pending bit is cleared. */
typedef void mg_event_handler_t(uint32_t port, void *data);

/* Sets the event callback of this vCPU. Events stay masked. */
void mg_event_init(void);

/* Bind a port; a refusal ends the test. A NULL handler does nothing. */
uint32_t mg_event_bind_ipi(uint32_t vcpu, mg_event_handler_t *handler,
                           void *data);
uint32_t mg_event_bind_virq(uint32_t virq, mg_event_handler_t *handler,
                            void *data);
/* For a domain to bind, and bound to its port. */
uint32_t mg_event_alloc_unbound(uint32_t domain, mg_event_handler_t *handler,
                                void *data);
uint32_t mg_event_bind_interdomain(uint32_t domain, uint32_t port,
                                   mg_event_handler_t *handler, void *data);
/* The handler runs on that vCPU from now on. */
void mg_event_move(uint32_t port, uint32_t vcpu);
/* Of a port that somebody else has made: whom it notifies is vCPU 0. */
void mg_event_handle(uint32_t port, mg_event_handler_t *handler, void *data);
void mg_event_close(uint32_t port);

/* A handler that counts: data is a volatile uint64_t. */
void mg_event_count(uint32_t port, void *data);

/* Called at the start of each upcall, with what was interrupted; or NULL. */
typedef void mg_event_hook_t(struct mg_regs *regs);
void mg_event_hook(mg_event_hook_t *hook);

/* Bits in the shared page. */
bool mg_port_is_pending(uint32_t port);
/* Returns whether it was pending. */
bool mg_port_clear(uint32_t port);
void mg_port_mask(uint32_t port);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Event channels: the ports of a domain, and how a notification reaches the
 * vCPU. The shared bits are described in abi/shared.h.
 */
#ifndef HYPERVISOR_CORE_EVENT_H
#define HYPERVISOR_CORE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "hypervisor/core/domain.h"

/* Sets the port pending and tells its vCPU. The port is in use. No lock. */
void event_raise(struct domain *domain, uint32_t port);

/* The same for a virtual IRQ: of one vCPU, or of whichever has bound it. */
void event_raise_vcpu_virq(struct vcpu *v, uint32_t virq);
void event_raise_virq(struct domain *domain, uint32_t virq);

/* Whether an upcall is due to a vCPU that runs on this CPU. */
static inline bool event_deliverable(const struct vcpu *v)
{
    uint16_t word = *(const volatile uint16_t *)v->page;

    _Static_assert(PARAPET_VCPU_EVENT_MASK == 0 &&
                       PARAPET_VCPU_EVENT_PENDING == 1,
                   "mask and pending are the bytes of the first word");
    /* Swapped it is pending alone, not 0: one comparison for both. */
    return (uint16_t)(__builtin_bswap16(word) - 1u) < UINT8_MAX &&
           v->event_entry;
}

#endif

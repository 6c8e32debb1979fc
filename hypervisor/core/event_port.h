/* SPDX-License-Identifier: MIT
 *
 * How the ports of a domain come, change and go, and those of two domains find
 * each other. Two ports that are bound name each other; both words change
 * under both domains' locks, which are taken in ascending order of ids.
 *
 * Nothing is bound to a domain that has ended: whoever holds its lock looks.
 * So once its ports are closed no port names one of them.
 */
#ifndef HYPERVISOR_CORE_EVENT_PORT_H
#define HYPERVISOR_CORE_EVENT_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "hypervisor/core/domain.h"

/*
 * A new port with this word, not masked and not pending. Each gives the port's
 * number, -ENOSPC (all are in use), -ENOMEM or, if the domain has ended,
 * -ENOENT, and takes the domain's lock.
 */
int64_t event_port_make(struct domain *d, uint64_t word);

/* The same for a virtual IRQ. -EEXIST: the vCPU has a port for it. */
int64_t event_port_make_virq(struct domain *d, uint32_t vcpu, uint32_t virq);

/* The same for a device's interrupt, which there is. -EBUSY: it has a port. */
int64_t event_port_make_pirq(struct domain *d, uint32_t vcpu, uint32_t irq);

/*
 * A port that the remote domain, which may be d itself, can bind. -ENOENT, too:
 * there is no such domain, or no such vCPU.
 */
int64_t event_port_make_unbound(struct domain *d, uint32_t vcpu,
                                uint32_t remote);

/*
 * A port that is bound to the remote's, and pending: the other end may have
 * sent before. -ENOENT, too: there is no such domain. -EINVAL: the remote's
 * port does not wait for d.
 */
int64_t event_port_bind(struct domain *d, uint32_t vcpu, uint32_t remote,
                        uint32_t remote_port);

/* Has another vCPU told. -EINVAL: no such port, or a virtual IRQ's. -ENOENT: no
 * such vCPU. */
int64_t event_port_move(struct domain *d, uint32_t port, uint32_t vcpu);

/*
 * What is pending is dropped. The other end becomes unbound, for the same
 * domain to bind again, and is raised. -EINVAL: no such port.
 */
int64_t event_port_close(struct domain *d, uint32_t port);

/* The same as event_port_make_unbound() for vCPU 0, by who builds d. */
int64_t event_alloc_unbound(struct domain *d, uint32_t remote);

/*
 * Closes some ports of a domain that has ended; true when there is none any
 * more. Below 10,000 instructions, and one wait for another domain's lock.
 */
bool event_close_share(struct domain *d);

/* Gives back what the closed ports lay in. No CPU looks at them any more. */
void event_free(struct domain *d);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Event channels: what evtchn_status() says of a port.
 */
#ifndef ABI_EVENT_H
#define ABI_EVENT_H

#include <stdint.h>

#include "abi/shared.h"

/* In the place of a domain's id: whoever calls. No domain has this id. */
#define PARAPET_DOMAIN_SELF 0xffffffffu
/* The control domain's id, whether there is one or not. */
#define PARAPET_DOMAIN_CONTROL 0u

/* Kinds of ports. */
#define PARAPET_PORT_UNBOUND 1     /* for the remote domain to bind */
#define PARAPET_PORT_INTERDOMAIN 2 /* the other end is a port of the remote */
#define PARAPET_PORT_IPI 3         /* from the domain to itself */
#define PARAPET_PORT_VIRQ 4        /* a virtual IRQ */
#define PARAPET_PORT_PIRQ 5        /* a device's interrupt */

/* evtchn_status: the hypervisor writes all of it. */
struct parapet_port_status {
    uint32_t kind;   /* PARAPET_PORT_* */
    uint32_t vcpu;   /* the one that is notified */
    uint32_t remote; /* the other domain, of UNBOUND and INTERDOMAIN, or 0 */
    uint32_t remote_port; /* its port, of INTERDOMAIN, or 0 */
    uint32_t virq;        /* PARAPET_VIRQ_*, of VIRQ, or 0 */
    uint32_t irq;         /* the interrupt, of PIRQ, or 0 */
};

PARAPET_ASSERT_OFFSET(parapet_port_status, remote, 8);
PARAPET_ASSERT_OFFSET(parapet_port_status, virq, 16);
PARAPET_ASSERT_SIZE(parapet_port_status, 24);

#endif

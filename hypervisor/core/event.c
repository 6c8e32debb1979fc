/* SPDX-License-Identifier: MIT
 *
 * Virtual IRQs as events.
 */
#include "hypervisor/core/event.h"

void event_raise_vcpu_virq(struct vcpu *v, uint32_t virq)
{
    uint32_t port = __atomic_load_n(&v->virq_port[virq], __ATOMIC_ACQUIRE);

    if (port)
        (void)event_raise(v->domain, port);
}

void event_raise_virq(struct domain *d, uint32_t virq)
{
    for (unsigned int i = 0; i < d->nr_vcpus; i++)
        event_raise_vcpu_virq(d->vcpus[i], virq);
}

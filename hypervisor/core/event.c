/* SPDX-License-Identifier: MIT
 *
 * How a port's vCPU is told, and virtual IRQs as events.
 */
#include "hypervisor/core/event.h"

int64_t event_wake(struct vcpu *v)
{
    sched_notify(v);
    return 0;
}

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

/* SPDX-License-Identifier: MIT
 *
 * The event channel hypercalls. Owns the ports. A port's bits in the shared
 * page are the guest's to write as it likes: it can lose or invent only its own
 * events by that.
 */
#include "abi/errors.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/event.h"
#include "hypervisor/core/hypercall.h"
#include "lib/bitmap.h"

static bool port_in_use(const struct domain *d, uint32_t port)
{
    return port < PARAPET_NR_PORTS && d->ports[port].kind != PORT_FREE;
}

/* Makes a port, its pending and mask bits clear. The lock is held. */
static int64_t make_port(struct domain *d, enum port_kind kind, uint32_t virq,
                         uint32_t vcpu)
{
    uint32_t port =
        (uint32_t)bitmap_find_zero(d->ports_used, PARAPET_NR_PORTS, 0);
    uint64_t bit = 1ul << port % 64;

    if (port == PARAPET_NR_PORTS)
        return -PARAPET_ENOSPC;
    bitmap_set(d->ports_used, port);
    d->ports[port].virq = (uint8_t)virq;
    d->ports[port].vcpu = (uint16_t)vcpu;
    __atomic_and_fetch(&d->shared->event_pending[port / 64], ~bit,
                       __ATOMIC_SEQ_CST);
    __atomic_and_fetch(&d->shared->event_mask[port / 64], ~bit,
                       __ATOMIC_SEQ_CST);
    __atomic_store_n(&d->ports[port].kind, (uint8_t)kind, __ATOMIC_RELEASE);
    return port;
}

/*
 * evtchn_bind_virq: virq is PARAPET_VIRQ_*, vcpu the one to notify. EINVAL:
 * no such virtual IRQ. ENOENT: no such vCPU. EEXIST: bound there already.
 * The console's port starts pending, since input may have come before.
 */
int64_t hc_evtchn_bind_virq(uint32_t virq, uint32_t vcpu)
{
    struct domain *d = vcpu_current()->domain;
    int64_t port;

    if (virq > PARAPET_VIRQ_CONSOLE)
        return -PARAPET_EINVAL;
    if (vcpu >= d->nr_vcpus)
        return -PARAPET_ENOENT;
    spin_lock(&d->lock);
    if (d->vcpus[vcpu]->virq_port[virq]) {
        port = -PARAPET_EEXIST;
    } else {
        port = make_port(d, PORT_VIRQ, virq, vcpu);
        if (port > 0)
            __atomic_store_n(&d->vcpus[vcpu]->virq_port[virq], (uint32_t)port,
                             __ATOMIC_RELEASE);
    }
    spin_unlock(&d->lock);
    if (port > 0 && virq == PARAPET_VIRQ_CONSOLE)
        event_raise(d, (uint32_t)port);
    return port;
}

/* evtchn_bind_ipi: ENOENT: no such vCPU. ENOSPC: all ports are in use. */
int64_t hc_evtchn_bind_ipi(uint32_t vcpu)
{
    struct domain *d = vcpu_current()->domain;
    int64_t port;

    if (vcpu >= d->nr_vcpus)
        return -PARAPET_ENOENT;
    spin_lock(&d->lock);
    port = make_port(d, PORT_IPI, 0, vcpu);
    spin_unlock(&d->lock);
    return port;
}

/* evtchn_send: EINVAL: no such port. Any bound port may be sent to. */
int64_t hc_evtchn_send(uint32_t port)
{
    struct domain *d = vcpu_current()->domain;

    if (__builtin_expect(!port_in_use(d, port), 0))
        return -PARAPET_EINVAL;
    event_raise(d, port);
    return 0;
}

/* evtchn_unmask: EINVAL: no such port. */
int64_t hc_evtchn_unmask(uint32_t port)
{
    struct domain *d = vcpu_current()->domain;
    uint64_t bit = 1ul << port % 64;

    if (!port_in_use(d, port))
        return -PARAPET_EINVAL;
    __atomic_and_fetch(&d->shared->event_mask[port / 64], ~bit,
                       __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&d->shared->event_pending[port / 64],
                        __ATOMIC_SEQ_CST) &
        bit)
        event_notify(d->vcpus[d->ports[port].vcpu], port);
    return 0;
}

/* evtchn_close: EINVAL: no such port. What is pending is dropped. */
int64_t hc_evtchn_close(uint32_t port)
{
    struct domain *d = vcpu_current()->domain;
    int64_t result = -PARAPET_EINVAL;

    spin_lock(&d->lock);
    if (port_in_use(d, port)) {
        struct port *p = &d->ports[port];

        if (p->kind == PORT_VIRQ)
            __atomic_store_n(&d->vcpus[p->vcpu]->virq_port[p->virq], 0,
                             __ATOMIC_RELEASE);
        __atomic_store_n(&p->kind, PORT_FREE, __ATOMIC_RELEASE);
        bitmap_clear(d->ports_used, port);
        __atomic_and_fetch(&d->shared->event_pending[port / 64],
                           ~(1ul << port % 64), __ATOMIC_SEQ_CST);
        result = 0;
    }
    spin_unlock(&d->lock);
    return result;
}

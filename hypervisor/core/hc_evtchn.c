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

static uint64_t pending_bit(uint32_t port)
{
    return 1ul << port % 64;
}

static void clear_pending(struct domain *d, uint32_t port)
{
    __atomic_and_fetch(&d->shared->event_pending[port / 64], ~pending_bit(port),
                       __ATOMIC_SEQ_CST);
}

/* Makes a port, its pending and mask bits clear. The lock is held. */
static int64_t make_port(struct domain *d, uint64_t word)
{
    int64_t port = port_take(&d->ports);

    if (port < 0)
        return port;
    clear_pending(d, (uint32_t)port);
    __atomic_and_fetch(&d->shared->event_mask[port / 64],
                       ~pending_bit((uint32_t)port), __ATOMIC_SEQ_CST);
    port_set(&d->ports, (uint32_t)port, word);
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
        port = make_port(d, port_word(PORT_VIRQ, vcpu, virq, 0));
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
    port = make_port(d, port_word(PORT_IPI, vcpu, 0, 0));
    spin_unlock(&d->lock);
    return port;
}

/* evtchn_send: EINVAL: no such port. Any bound port may be sent to. */
int64_t hc_evtchn_send(uint32_t port)
{
    struct domain *d = vcpu_current()->domain;
    const uint64_t *at;

    if (__builtin_expect(port >= PARAPET_NR_PORTS, 0))
        return -PARAPET_EINVAL;
    at = port_at(&d->ports, port);
    if (__builtin_expect(port_kind(port_read(at)) < PORT_IPI, 0))
        return -PARAPET_EINVAL;
    event_raise_at(d, port, at);
    return 0;
}

/* evtchn_unmask: EINVAL: no such port. */
int64_t hc_evtchn_unmask(uint32_t port)
{
    struct domain *d = vcpu_current()->domain;
    uint64_t word = port_get(&d->ports, port);

    if (port_kind(word) == PORT_FREE)
        return -PARAPET_EINVAL;
    __atomic_and_fetch(&d->shared->event_mask[port / 64], ~pending_bit(port),
                       __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&d->shared->event_pending[port / 64],
                        __ATOMIC_SEQ_CST) &
        pending_bit(port))
        event_notify(d->vcpus[port_vcpu(word)], port);
    return 0;
}

/* evtchn_close: EINVAL: no such port. What is pending is dropped. */
int64_t hc_evtchn_close(uint32_t port)
{
    struct domain *d = vcpu_current()->domain;
    int64_t result = -PARAPET_EINVAL;
    uint64_t word;

    spin_lock(&d->lock);
    word = port_get(&d->ports, port);
    if (port_kind(word) != PORT_FREE) {
        if (port_kind(word) == PORT_VIRQ)
            __atomic_store_n(
                &d->vcpus[port_vcpu(word)]->virq_port[port_virq(word)], 0,
                __ATOMIC_RELEASE);
        port_drop(&d->ports, port);
        clear_pending(d, port);
        result = 0;
    }
    spin_unlock(&d->lock);
    return result;
}

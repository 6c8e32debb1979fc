/* SPDX-License-Identifier: MIT
 *
 * The event channel hypercalls. What they do with ports is in event_port.c.
 */
#include "abi/errors.h"
#include "abi/event.h"
#include "hypervisor/core/device.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/event.h"
#include "hypervisor/core/event_port.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/hypercall.h"
#include "hypervisor/core/pirq.h"

static struct domain *caller(void)
{
    return vcpu_current()->domain;
}

/* A domain's id in an argument. */
static uint32_t domain_id(uint32_t id)
{
    return id == PARAPET_DOMAIN_SELF ? caller()->id : id;
}

/*
 * evtchn_bind_virq: virq is PARAPET_VIRQ_*, vcpu the one to notify. EINVAL:
 * no such virtual IRQ. EPERM: it is for the control domain. ENOENT: no such
 * vCPU. EEXIST: bound there already. ENOSPC: all ports are in use. ENOMEM: no
 * frame for more of them. The console's port starts pending, since input may
 * have come before.
 */
int64_t hc_evtchn_bind_virq(uint32_t virq, uint32_t vcpu)
{
    struct domain *d = caller();
    int64_t port;

    if (virq > PARAPET_VIRQ_REQUEST)
        return -PARAPET_EINVAL;
    if (virq == PARAPET_VIRQ_DOMAIN && !d->control)
        return -PARAPET_EPERM;
    if (vcpu >= d->nr_vcpus)
        return -PARAPET_ENOENT;
    port = event_port_make_virq(d, vcpu, virq);
    if (port > 0 && virq == PARAPET_VIRQ_CONSOLE)
        (void)event_raise(d, (uint64_t)port);
    return port;
}

/* evtchn_bind_ipi: ENOENT: no such vCPU. ENOSPC and ENOMEM as for a virtual
 * IRQ. */
int64_t hc_evtchn_bind_ipi(uint32_t vcpu)
{
    struct domain *d = caller();

    if (vcpu >= d->nr_vcpus)
        return -PARAPET_ENOENT;
    return event_port_make(d, port_word(PORT_IPI, vcpu, 0, 0));
}

/*
 * evtchn_alloc_unbound: a port that the domain may bind once; the calling vCPU
 * is notified. ENOENT: no such domain, or it has ended. ENOSPC and ENOMEM as
 * for a virtual IRQ.
 */
int64_t hc_evtchn_alloc_unbound(uint32_t domain)
{
    return event_port_make_unbound(caller(), vcpu_current()->id,
                                   domain_id(domain));
}

/*
 * evtchn_bind_interdomain: the new port begins pending, since the other end may
 * have sent already; the calling vCPU is notified. ENOENT: no such domain, or
 * it has ended. EINVAL: its port does not wait for this domain. ENOSPC and
 * ENOMEM as for a virtual IRQ.
 */
int64_t hc_evtchn_bind_interdomain(uint32_t domain, uint32_t port)
{
    return event_port_bind(caller(), vcpu_current()->id, domain_id(domain),
                           port);
}

/*
 * evtchn_send: takes no domain's lock. EINVAL: no such port. ENOTCONN: nobody
 * is at its other end.
 */
int64_t hc_evtchn_send(uint32_t port)
{
    struct domain *d = caller();
    const uint64_t *at;
    uint64_t word;

    if (__builtin_expect(port >= PARAPET_NR_PORTS, 0))
        return -PARAPET_EINVAL;
    at = port_at(&d->ports, port);
    word = port_read(at);
    if (port_kind(word) >= PORT_IPI)
        return event_raise_at(d, port, at);
    if (__builtin_expect(port_kind(word) != PORT_INTERDOMAIN, 0))
        return port_kind(word) == PORT_FREE ? -PARAPET_EINVAL
                                            : -PARAPET_ENOTCONN;
    d = domain_find(port_remote(word));
    if (__builtin_expect(!d, 0))
        return -PARAPET_ENOTCONN;
    return event_raise(d, port_remote_port(word));
}

/*
 * evtchn_bind_pirq: irq is an announced device's interrupt, vcpu the one to
 * notify. EINVAL: no device has it. ENOENT: no such vCPU. EBUSY: it has a port.
 * ENOSPC and ENOMEM as for a virtual IRQ. When it comes its pin is masked,
 * until evtchn_unmask of the port.
 */
int64_t hc_evtchn_bind_pirq(uint32_t irq, uint32_t vcpu)
{
    struct domain *d = caller();

    if (!device_has_irq(irq))
        return -PARAPET_EINVAL;
    if (vcpu >= d->nr_vcpus)
        return -PARAPET_ENOENT;
    return event_port_make_pirq(d, vcpu, irq);
}

static inline __attribute__((always_inline)) int64_t unmask(struct domain *d,
                                                            uint32_t port)
{
    __atomic_and_fetch(&d->shared->event_mask[port / 64], ~(1ul << port % 64),
                       __ATOMIC_SEQ_CST);
    if (bit_test(d->shared->event_pending, port))
        return event_notify(d->vcpus[port_read_vcpu(port_at(&d->ports, port))],
                            port);
    return 0;
}

/* Of what is not as usual. */
static __attribute__((noinline)) int64_t
unmask_special(struct domain *d, uint32_t port, uint64_t word)
{
    if (port_kind(word) == PORT_FREE)
        return -PARAPET_EINVAL;
    pirq_end(port_pirq(word), d->id, port);
    return unmask(d, port);
}

/* evtchn_unmask: EINVAL: no such port. */
int64_t hc_evtchn_unmask(uint32_t port)
{
    struct domain *d = caller();
    uint64_t word = port_get(&d->ports, port);

    if (__builtin_expect(port_is_free_or_special(word), 0))
        return unmask_special(d, port, word);
    return unmask(d, port);
}

/*
 * evtchn_close: EINVAL: no such port. What is pending is dropped. The other end
 * becomes unbound and is raised, once; this domain may bind it again.
 */
int64_t hc_evtchn_close(uint32_t port)
{
    return event_port_close(caller(), port);
}

/* evtchn_status: EINVAL: no such port. EFAULT: status cannot be written. */
int64_t hc_evtchn_status(uint32_t port, uint64_t status)
{
    uint64_t word = port_get(&caller()->ports, port);
    struct parapet_port_status s = {
        .kind = port_kind(word) & ~PORT_SPECIAL,
        .vcpu = port_vcpu(word),
        .remote = port_remote(word),
    };

    _Static_assert(PARAPET_PORT_UNBOUND == (int)PORT_UNBOUND &&
                       PARAPET_PORT_INTERDOMAIN == (int)PORT_INTERDOMAIN &&
                       PARAPET_PORT_IPI == (int)PORT_IPI &&
                       PARAPET_PORT_VIRQ == (int)PORT_VIRQ &&
                       PARAPET_PORT_PIRQ == (PORT_PIRQ & ~PORT_SPECIAL),
                   "the kinds have the numbers of the ABI");
    if (s.kind == PORT_FREE)
        return -PARAPET_EINVAL;
    if (s.kind == PARAPET_PORT_VIRQ)
        s.virq = port_virq(word);
    else if (s.kind == PARAPET_PORT_PIRQ)
        s.irq = port_pirq(word);
    else
        s.remote_port = port_remote_port(word);
    return copy_to_guest(status, &s, sizeof(s)) ? -PARAPET_EFAULT : 0;
}

/*
 * evtchn_move: has another vCPU notified from now on; what is pending it is
 * told. EINVAL: no such port, or one of a virtual IRQ, which stays with its
 * vCPU. ENOENT: no such vCPU.
 */
int64_t hc_evtchn_move(uint32_t port, uint32_t vcpu)
{
    return event_port_move(caller(), port, vcpu);
}

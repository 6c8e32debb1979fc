/* SPDX-License-Identifier: MIT
 *
 * Owns to which port each pin of the I/O APIC leads, and whether it is masked.
 */
#include "hypervisor/core/pirq.h"

#include "hypervisor/base/bug.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/event.h"
#include "hypervisor/x86/apic.h"
#include "hypervisor/x86/percpu.h"

struct pirq {
    uint32_t domain;
    uint32_t port; /* 0: not bound, and masked */
    bool masked;
};

/* All of it, and the I/O APIC: two registers, of which one says what the other
 * is. */
static struct spinlock lock = SPINLOCK(pirq);
static struct pirq pirqs[IOAPIC_NR_PINS];

/* To the CPU that asks: the vCPU that is told runs here, or did. */
static void unmask(uint32_t irq)
{
    pirqs[irq].masked = false;
    ioapic_route_level(irq, (uint8_t)(VECTOR_PIN + irq), this_cpu()->apic_id);
}

static void mask(uint32_t irq)
{
    pirqs[irq].masked = true;
    ioapic_mask_level(irq, (uint8_t)(VECTOR_PIN + irq));
}

bool pirq_bind(uint32_t irq, uint32_t domain, uint32_t port)
{
    bool is_free;

    ASSERT(irq < IOAPIC_NR_PINS);
    spin_lock(&lock);
    is_free = pirqs[irq].port == 0;
    if (is_free) {
        pirqs[irq].domain = domain;
        pirqs[irq].port = port;
        unmask(irq);
    }
    spin_unlock(&lock);
    return is_free;
}

void pirq_unbind(uint32_t irq)
{
    spin_lock(&lock);
    pirqs[irq].port = 0;
    mask(irq);
    spin_unlock(&lock);
}

/* A look first, since a port is unmasked at other times, too. */
void pirq_end(uint32_t irq, uint32_t domain, uint32_t port)
{
    const struct pirq *p = &pirqs[irq];

    spin_lock(&lock);
    if (p->masked && p->port == port && p->domain == domain)
        unmask(irq);
    spin_unlock(&lock);
}

/* A CPU that has taken the interrupt may come after its port was closed. */
void pirq_interrupt(uint32_t irq)
{
    struct domain *d;
    uint32_t domain, port;

    spin_lock(&lock);
    mask(irq);
    domain = pirqs[irq].domain;
    port = pirqs[irq].port;
    spin_unlock(&lock);
    d = port ? domain_find(domain) : NULL;
    if (d)
        (void)event_raise(d, port);
}

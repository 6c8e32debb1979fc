/* SPDX-License-Identifier: MIT
 *
 * Events: from the bits in the shared pages to irq_raise(). The order of
 * reading is the reverse of the hypervisor's order of writing (abi/shared.h):
 * it sets the port's bit, then the word's bit in event_select, then
 * event_pending; we clear event_pending, take event_select, look at the ports.
 * So whatever is set while we look is seen now or announced again.
 */
#include "abi/stubs.h"
#include "guest-kernel/core/irq.h"
#include "guest-kernel/core/panic.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/privops/pv/pv.h"

/* The port that each interrupt came to be bound to. */
static uint64_t irq_ports[NR_IRQS];

static void bind(enum irq irq, uint32_t virq)
{
    int64_t port = hypercall_evtchn_bind_virq(virq, 0);

    pv_check(port, "evtchn_bind_virq");
    irq_ports[irq] = (uint64_t)port;
}

void privops_irq_start(void)
{
    bind(IRQ_TIMER, PARAPET_VIRQ_TIMER);
    bind(IRQ_CONSOLE, PARAPET_VIRQ_CONSOLE);
}

/* Other ports are nobody's: they are cleared, and that is all. */
static void handle_port(uint64_t port)
{
    unsigned int irq;

    for (irq = 0; irq < NR_IRQS; irq++)
        if (irq_ports[irq] == port)
            irq_raise((enum irq)irq);
}

/* Clears each bit before it is handled: it may be set again meanwhile. */
static void handle_word(uint64_t word)
{
    volatile struct parapet_shared_page *shared = pv_shared_page();
    uint64_t bits = shared->event_pending[word] & ~shared->event_mask[word];
    uint64_t bit;

    for (; bits != 0; bits &= bits - 1) {
        bit = bits & -bits;
        (void)__atomic_fetch_and(&shared->event_pending[word], ~bit,
                                 __ATOMIC_SEQ_CST);
        handle_port(word * 64 + (uint64_t)__builtin_ctzl(bit));
    }
}

void privops_interrupt(uint64_t vector)
{
    volatile struct parapet_vcpu_page *vcpu = pv_vcpu_page();
    uint64_t words;

    (void)vector; /* all events come to one entry */
    while (vcpu->event_pending != 0) {
        vcpu->event_pending = 0;
        words = __atomic_exchange_n(&vcpu->event_select, 0, __ATOMIC_SEQ_CST);
        for (; words != 0; words &= words - 1)
            handle_word((uint64_t)__builtin_ctzl(words));
    }
}

/* The event is handled by an upcall before the hypercall returns. */
void privops_idle(void)
{
    (void)hypercall_block();
}

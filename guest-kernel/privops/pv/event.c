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
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/privops/pv/pv.h"

static uint32_t timer_port;
static uint32_t console_port;

static uint32_t bind(uint32_t virq)
{
    int64_t port = hypercall_evtchn_bind_virq(virq, 0);

    pv_check(port, "evtchn_bind_virq");
    return (uint32_t)port;
}

void privops_irq_start(void)
{
    timer_port = bind(PARAPET_VIRQ_TIMER);
    console_port = bind(PARAPET_VIRQ_CONSOLE);
}

uint32_t privops_timer_port(void)
{
    return timer_port;
}

uint32_t privops_console_port(void)
{
    return console_port;
}

/* Clears each bit before it is handled: it may be set again meanwhile. A port
 * that nobody has bound is cleared, and that is all. */
static void handle_word(uint64_t word)
{
    volatile struct parapet_shared_page *shared = pv_shared_page();
    uint64_t bits = shared->event_pending[word] & ~shared->event_mask[word];
    uint64_t bit;

    for (; bits != 0; bits &= bits - 1) {
        bit = bits & -bits;
        (void)__atomic_fetch_and(&shared->event_pending[word], ~bit,
                                 __ATOMIC_SEQ_CST);
        (void)irq_raise((uint32_t)word * 64 + (uint32_t)__builtin_ctzl(bit));
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

/*
 * Events stay masked: what is pending is handled here, which takes some 200
 * instructions less than an upcall and its iret. Nothing is lost: a sender that
 * sets event_pending after the look ends the hypercall, whatever the mask is,
 * and one that does after privops_interrupt() has cleared it is seen by the
 * next look, here or where interrupts are enabled.
 */
void privops_idle(void)
{
    if (pv_vcpu_page()->event_pending == 0)
        (void)hypercall_halt();
    privops_interrupt(0);
}

/* SPDX-License-Identifier: MIT
 *
 * Event channels: the ports of a domain, and how a notification reaches the
 * vCPU. The shared bits are described in abi/shared.h.
 */
#ifndef HYPERVISOR_CORE_EVENT_H
#define HYPERVISOR_CORE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "hypervisor/core/domain.h"
#include "hypervisor/core/schedule.h"
#include "lib/x86/bit_string.h"

/*
 * The last steps of an event: select bit, pending byte, and on a change from 0
 * to 1 a kick, whatever the mask says. (The guest clears its mask and then
 * reads pending; a sender that set pending and then read the mask could miss,
 * each before the other's store is seen.) Returns 0.
 */
static inline int64_t event_notify(struct vcpu *v, uint64_t port)
{
    struct parapet_vcpu_page *page = v->page;
    struct cpu_info *cpu = this_cpu();

    (void)bit_test_and_set(&page->event_select, port / 64);
    if (__atomic_exchange_n(&page->event_pending, 1, __ATOMIC_SEQ_CST))
        return 0;
    if (__builtin_expect(v != cpu->current, 0))
        return sched_notify(v, cpu);
    if (__builtin_expect(v->sched.state != VCPU_RUNNABLE, 0))
        return sched_notify_current(v);
    if (!page->event_mask)
        cpu->exit_work |= WORK_EVENT;
    return 0;
}

/* Whether the vCPU is to be told that the port is pending. */
static inline bool event_set_pending(struct domain *d, uint64_t port)
{
    struct parapet_shared_page *shared = d->shared;

    return !bit_test_and_set(shared->event_pending, port) &&
           !bit_test(shared->event_mask, port);
}

/*
 * Sets the port pending and tells its vCPU. No lock: whoever closes the port or
 * moves it meanwhile comes before or after. The vCPU is looked up after the bit
 * was set, so whoever moves the port and then finds the bit clear knows that
 * the new one will be told. A free port's vCPU is 0, which there is. Returns 0.
 * Inline for evtchn_send.
 */
static inline int64_t event_raise(struct domain *d, uint64_t port)
{
    if (!event_set_pending(d, port))
        return 0;
    return event_notify(d->vcpus[port_read_vcpu(port_at(&d->ports, port))],
                        port);
}

/* The same for who has the word's place. */
static inline int64_t event_raise_at(struct domain *d, uint64_t port,
                                     const uint64_t *at)
{
    if (!event_set_pending(d, port))
        return 0;
    return event_notify(d->vcpus[port_read_vcpu(at)], port);
}

/* The same for a virtual IRQ: of one vCPU, or of whichever has bound it. */
void event_raise_vcpu_virq(struct vcpu *v, uint32_t virq);
void event_raise_virq(struct domain *domain, uint32_t virq);

/* Whether an upcall is due to a vCPU that runs on this CPU. */
static inline bool event_deliverable(const struct vcpu *v)
{
    uint16_t word = *(const volatile uint16_t *)v->page;

    _Static_assert(PARAPET_VCPU_EVENT_MASK == 0 &&
                       PARAPET_VCPU_EVENT_PENDING == 1,
                   "mask and pending are the bytes of the first word");
    /* Swapped it is pending alone, not 0: one comparison for both. */
    return (uint16_t)(__builtin_bswap16(word) - 1u) < UINT8_MAX &&
           v->event_entry;
}

#endif

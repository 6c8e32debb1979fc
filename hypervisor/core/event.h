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

/*
 * The last steps of an event: select bit, pending byte, and on a change from 0
 * to 1 a kick, whatever the mask says. (The guest clears its mask and then
 * reads pending; a sender that set pending and then read the mask could miss,
 * each before the other's store is seen.)
 */
static inline void event_notify(struct vcpu *v, uint64_t port)
{
    struct parapet_vcpu_page *page = v->page;
    struct cpu_info *cpu = this_cpu();

    __atomic_or_fetch(&page->event_select, 1ul << port / 64, __ATOMIC_SEQ_CST);
    if (__atomic_exchange_n(&page->event_pending, 1, __ATOMIC_SEQ_CST))
        return;
    if (__builtin_expect(v != cpu->current || v->sched.state != VCPU_RUNNABLE,
                         0))
        sched_notify(v);
    else if (!page->event_mask)
        cpu->exit_work |= WORK_EVENT;
}

/*
 * Sets the port pending and tells its vCPU. The port is in use. No lock. Inline
 * for evtchn_send.
 */
static inline void event_raise(struct domain *d, uint64_t port)
{
    struct parapet_shared_page *shared = d->shared;
    struct vcpu *v = d->vcpus[d->ports[port].vcpu];
    uint64_t bit = 1ul << port % 64;
    uint64_t word = port / 64;

    if (__atomic_fetch_or(&shared->event_pending[word], bit, __ATOMIC_SEQ_CST) &
        bit)
        return;
    if (__atomic_load_n(&shared->event_mask[word], __ATOMIC_SEQ_CST) >>
            port % 64 &
        1)
        return;
    event_notify(v, port);
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

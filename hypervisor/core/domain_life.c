/* SPDX-License-Identifier: MIT
 *
 * Owns the state of a domain.
 */
#include "hypervisor/core/domain_life.h"

#include "hypervisor/core/event.h"
#include "hypervisor/core/schedule.h"

bool domain_control_lives(void)
{
    const struct domain *control = domain_control();

    return control && !__atomic_load_n(&control->ended, __ATOMIC_SEQ_CST);
}

void domain_tell_control(void)
{
    if (domain_control_lives())
        event_raise_virq(domain_control(), PARAPET_VIRQ_DOMAIN);
}

bool domain_change_state(struct domain *d, enum domain_state from,
                         enum domain_state to)
{
    bool changed = false;

    spin_lock(&d->lock);
    if (d->state == from) {
        d->state = to;
        changed = true;
    }
    spin_unlock(&d->lock);
    if (changed)
        domain_tell_control();
    return changed;
}

bool domain_start(struct domain *d)
{
    if (!domain_change_state(d, DOMAIN_BUILDING, DOMAIN_RUNNING))
        return false;
    /* If it has ended meanwhile, so has its vCPU. */
    sched_start(d->vcpus[0]);
    return true;
}

bool domain_set_ended(struct domain *d, uint32_t reason)
{
    bool first;

    spin_lock(&d->lock);
    first = d->state != DOMAIN_ENDED;
    if (first) {
        d->state = DOMAIN_ENDED;
        d->end_reason = reason;
        __atomic_store_n(&d->ended, 1, __ATOMIC_SEQ_CST);
    }
    spin_unlock(&d->lock);
    return first;
}

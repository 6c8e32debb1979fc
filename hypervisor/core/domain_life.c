/* SPDX-License-Identifier: MIT
 *
 * Owns the state of a domain.
 */
#include "hypervisor/core/domain_life.h"

#include "hypervisor/core/event.h"
#include "hypervisor/core/schedule.h"

/* NULL when it has ended, or there is none. Looked up once: with
 * dom0_crash=keep it can be gone at the next look. */
static struct domain *living_control(void)
{
    struct domain *control = domain_control();

    if (!control || __atomic_load_n(&control->ended, __ATOMIC_SEQ_CST))
        return NULL;
    return control;
}

bool domain_control_lives(void)
{
    return living_control() != NULL;
}

void domain_tell_control(void)
{
    struct domain *control = living_control();

    if (control)
        event_raise_virq(control, PARAPET_VIRQ_DOMAIN);
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

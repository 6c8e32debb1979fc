/* SPDX-License-Identifier: MIT
 *
 * Hypercalls that concern one vCPU whatever its engine: event entry, masks,
 * timer, bring-up, scheduling and the end.
 */
#include "abi/errors.h"
#include "hypervisor/base/time.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/domain_end.h"
#include "hypervisor/core/engine.h"
#include "hypervisor/core/event.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/hypercall.h"
#include "hypervisor/core/schedule.h"
#include "hypervisor/x86/percpu.h"

/* cpu_irq_disable: the virtual interrupt flag is cleared. Returns 0. */
int64_t hc_cpu_irq_disable(void)
{
    vcpu_current()->page->event_mask = 1;
    return 0;
}

/* cpu_irq_enable: the flag is set, and what is pending delivered. Returns 0. */
int64_t hc_cpu_irq_enable(void)
{
    vcpu_current()->page->event_mask = 0;
    return hc_event_check();
}

/* event_check: delivers an upcall if one is due. Returns 0. */
int64_t hc_event_check(void)
{
    struct cpu_info *cpu = this_cpu();

    if (event_deliverable(cpu->current))
        cpu->exit_work |= WORK_EVENT;
    return 0;
}

/*
 * set_timer: PARAPET_VIRQ_TIMER is raised once the monotonic clock reaches
 * deadline_ns, at once when it has; 0 cancels. Returns 0.
 */
int64_t hc_set_timer(uint64_t deadline_ns)
{
    sched_set_timer(vcpu_current(), deadline_ns);
    return 0;
}

/* clock_read: what the guest can compute from the shared page (abi/shared.h).
 */
int64_t hc_clock_read(void)
{
    return (int64_t)time_now_ns();
}

/*
 * vcpu_up: the vCPU starts at entry with the given rsp, argument in rdi,
 * events masked. ENOENT: no such vCPU. EEXIST: it is up. EAGAIN: it goes down,
 * and has not left its CPU yet. EINVAL: entry is not the guest's to execute.
 */
int64_t hc_vcpu_up(uint32_t vcpu, uint64_t entry, uint64_t stack,
                   uint64_t argument)
{
    struct domain *d = vcpu_current()->domain;
    int64_t result = -PARAPET_EEXIST;
    struct vcpu *v;

    if (vcpu >= d->nr_vcpus)
        return -PARAPET_ENOENT;
    if (!guest_vaddr_ok(entry))
        return -PARAPET_EINVAL;
    v = d->vcpus[vcpu];
    spin_lock(&d->lock);
    if (v->sched.state == VCPU_DOWN && !sched_is_off(v)) {
        result = -PARAPET_EAGAIN;
    } else if (v->sched.state == VCPU_DOWN) {
        v->page->event_mask = 1;
        d->engine->vcpu_start(v, entry, stack, argument);
        sched_start(v);
        result = 0;
    }
    spin_unlock(&d->lock);
    return result;
}

/* The domain's lock is held: so which are down does not change. */
static bool another_is_up(const struct vcpu *v)
{
    const struct domain *d = v->domain;

    for (unsigned int i = 0; i < d->nr_vcpus; i++) {
        if (i != v->id && d->vcpus[i]->sched.state != VCPU_DOWN)
            return true;
    }
    return false;
}

/*
 * vcpu_down: the calling vCPU stops, and its timer with it, until a vcpu_up.
 * What is pending for it stays pending. EBUSY: it is the last one that is up.
 * Else it does not return.
 */
int64_t hc_vcpu_down(void)
{
    struct vcpu *v = vcpu_current();
    int64_t result = -PARAPET_EBUSY;

    spin_lock(&v->domain->lock);
    if (another_is_up(v)) {
        sched_down(v);
        result = 0;
    }
    spin_unlock(&v->domain->lock);
    return result;
}

/* yield: others of this CPU run first, if any can. Returns 0. */
int64_t hc_yield(void)
{
    struct cpu_info *cpu = this_cpu();

    cpu->current->sched.yields = true;
    cpu->exit_work |= WORK_RESCHEDULE;
    return 0;
}

/* block: unmasks events and waits until one is pending. Returns 0. */
int64_t hc_block(void)
{
    struct vcpu *v = vcpu_current();

    v->page->event_mask = 0;
    sched_block(v);
    return 0;
}

/* halt: waits until an event is pending, whatever the mask is, as the
 * instruction hlt does. Returns 0. */
int64_t hc_halt(void)
{
    sched_block(vcpu_current());
    return 0;
}

/* shutdown: EINVAL: no such reason. Else it does not return. */
int64_t hc_shutdown(uint32_t reason)
{
    if (reason > PARAPET_SHUTDOWN_CRASH)
        return -PARAPET_EINVAL;
    domain_end(vcpu_current()->domain, reason);
    return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * What must hold on the machine of test_sched.c. CPUs pause only where no
 * queue's lock is taken, so at every pause the queues are whole.
 */
#include "tests/unit/sched_guest.h"

#include "hypervisor/core/event.h"
#include "hypervisor/sched/run_queue.h"

static bool is_queued(const struct vcpu *v)
{
    return !list_is_empty(&v->sched.queue_node);
}

static const struct vcpu *vcpu_at(const struct list_node *node)
{
    for (unsigned int d = 0; d < nr_domains; d++) {
        for (unsigned int i = 0; domains[d] && i < domains[d]->nr_vcpus; i++) {
            if (node == &domains[d]->vcpus[i]->sched.queue_node)
                return domains[d]->vcpus[i];
        }
    }
    return NULL;
}

/* The ring that v is in: sound, of its CPU only, with one head, a list of the
 * policy's. */
static void check_ring(const struct vcpu *v)
{
    const struct list_node *node = &v->sched.queue_node;
    const struct list_node *head = NULL;

    for (int n = 0; n == 0 || node != &v->sched.queue_node; n++) {
        const struct vcpu *at = vcpu_at(node);

        CHECK(n <= MAX_GUEST_DOMAINS * MAX_GUEST_VCPUS);
        CHECK(node->next->prev == node);
        CHECK(at || !head);
        CHECK(!at || at->sched.cpu == v->sched.cpu);
        if (!at)
            head = node;
        node = node->next;
    }
    CHECK(head);
}

/* What is loaded counts as running; and who has been off stays so. */
static void check_off(struct guest *guest)
{
    const struct vcpu *v = guest->v;

    CHECK(!guest->loaded || v->sched.running);
    CHECK(!guest->was_off || sched_is_off(v));
    CHECK(!sched_has_left(v) || (v->sched.state == VCPU_ENDED &&
                                 sched_is_off(v) && v->timer.place == 0));
    if (guest->paused && sched_is_off(v))
        guest->was_off = true;
}

/* One that is set is at its CPU, or on its way to it. */
static void check_timer(const struct guest *guest)
{
    const struct vcpu *v = guest->v;

    CHECK(v->timer.place == 0 ||
          run_queues[v->sched.cpu].timers.heap[v->timer.place] == &v->timer);
    if (!v->domain->ended && guest->timer > machine_now)
        CHECK(v->timer.place != 0 || sched_has_arrived(v));
}

/* For a CPU; the second: and may run. */
#define WAITS 1u
#define MAY_RUN 2u

/* No cap keeps it off. */
static bool has_no_cap(const struct domain *d)
{
    return d->cap == 0 || !sched_policy->cap_changed;
}

static void check_vcpu(struct vcpu *v, unsigned int waits[])
{
    bool current = percpu_info(v->sched.cpu)->current == v;

    check_off(&guests[v->domain->id][v->id]);

    for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
        CHECK(cpu == v->sched.cpu || percpu_info(cpu)->current != v);
    switch (v->sched.state) {
    case VCPU_RUNNABLE:
        CHECK(is_queued(v) == (!current && v->sched.off == 0));
        break;
    case VCPU_BLOCKED:
        CHECK(!is_queued(v));
        break;
    case VCPU_DOWN:
        CHECK(!is_queued(v) && (!current || !sched_is_off(v)));
        break;
    case VCPU_ENDED:
        CHECK(!is_queued(v) && !current && v->domain->ended);
        break;
    }
    if (is_queued(v)) {
        check_ring(v);
        waits[v->sched.cpu] |= has_no_cap(v->domain) ? WAITS | MAY_RUN : WAITS;
    }
}

/*
 * What a CPU that runs a guest, or idles, has seen to; unless an interrupt is
 * on its way to it, or another CPU is still at something.
 */
static void check_at_rest(unsigned int cpu, unsigned int waits)
{
    const struct cpu_info *info = percpu_info(cpu);
    const struct vcpu *v = info->current;

    if (machine_is_interrupted(cpu))
        return;
    if (machine_place(cpu) == MACHINE_IDLE) {
        CHECK(!v && !(waits & MAY_RUN));
    } else {
        CHECK(!v->domain->ended);
        CHECK(v->sched.off == 0);
        CHECK(!event_deliverable(v));
    }
    /* Some wait: the timer will come. */
    CHECK(!waits || (info->slice_end != 0 && machine_timer(cpu) != 0 &&
                     machine_timer(cpu) <= info->slice_end));
}

/*
 * None of its vCPUs waits for anything, but to leave its CPU, of which that CPU
 * is told.
 */
static void check_ended(const struct domain *d)
{
    for (unsigned int i = 0; i < d->nr_vcpus; i++) {
        const struct vcpu *v = d->vcpus[i];

        CHECK(v->sched.state == VCPU_ENDED ||
              percpu_info(v->sched.cpu)->current == v);
        CHECK(sched_has_left(v) || machine_is_interrupted(v->sched.cpu));
    }
}

static bool all_at_rest(void)
{
    for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
        if (machine_place(cpu) == MACHINE_IN_HYPERVISOR)
            return false;
    }
    return true;
}

/* As many wait for each CPU as are counted there. */
static void check_waiting(void)
{
    uint32_t nr[MACHINE_MAX_CPUS] = {0};

    for (unsigned int d = 0; d < nr_domains; d++) {
        for (unsigned int i = 0; domains[d] && i < domains[d]->nr_vcpus; i++) {
            const struct vcpu *v = domains[d]->vcpus[i];

            nr[v->sched.cpu] += is_queued(v);
        }
    }
    for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
        CHECK(run_queues[cpu].nr_waiting == nr[cpu]);
}

void check_machine(void)
{
    unsigned int waits[MACHINE_MAX_CPUS] = {0};

    check_waiting();

    for (unsigned int d = 0; d < nr_domains; d++) {
        if (!domains[d])
            continue;
        for (unsigned int i = 0; i < domains[d]->nr_vcpus; i++)
            check_vcpu(domains[d]->vcpus[i], waits);
        if (!all_at_rest())
            continue;
        for (unsigned int i = 0; i < domains[d]->nr_vcpus; i++)
            check_timer(&guests[domains[d]->id][i]);
        if (domains[d]->ended)
            check_ended(domains[d]);
    }
    for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
        CHECK(percpu_info(cpu)->idle == (machine_place(cpu) == MACHINE_IDLE));
    for (unsigned int cpu = 0; all_at_rest() && cpu < nr_cpus; cpu++)
        check_at_rest(cpu, waits[cpu]);
}

/* ---- in the end ---- */

static bool port_is_masked(const struct domain *d, uint32_t port)
{
    return d->shared->event_mask[port / 64] >> port % 64 & 1;
}

void check_nothing_lost(const struct guest *guest)
{
    const struct vcpu *v = guest->v;

    CHECK(!guest->loaded);
    if (v->domain->ended) {
        CHECK(v->sched.state != VCPU_RUNNABLE);
        return;
    }
    if (v->sched.state == VCPU_DOWN)
        return;
    CHECK(v->sched.state == VCPU_BLOCKED && v->sched.off == 0);
    CHECK(sched_may_run_on(&v->sched, v->sched.cpu));
    CHECK(!v->page->event_pending);
    CHECK(guest->timer == 0 || port_is_masked(v->domain, guest->ports[1]));
    for (unsigned int i = 0; i < NR_PORTS_OF_VCPU; i++)
        CHECK(!guest->outstanding[i] ||
              port_is_masked(v->domain, guest->ports[i]));
}

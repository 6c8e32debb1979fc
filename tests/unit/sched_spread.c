/* SPDX-License-Identifier: MIT
 *
 * What vCPUs get that do nothing but use their CPUs: of one CPU, and of several
 * ones between which they are moved.
 */
#include "tests/unit/sched_guest.h"

#include <string.h>

#include "abi/domain.h"
#include "hypervisor/sched/policy.h"
#include "hypervisor/sched/run_queue.h"
#include "lib/macros.h"

/*
 * What round robin promises: those that only spin share their CPU. Each has had
 * as many steps as any other of it, give or take a fifth (what switches take
 * varies) and two slices. All CPUs run at the same speed.
 */
static void spin_where_they_are(void)
{
    uint64_t least[MACHINE_MAX_CPUS];
    uint64_t most[MACHINE_MAX_CPUS] = {0};

    /* They stay where they are. */
    for (unsigned int n = 0; n < nr_domains; n++) {
        struct vcpu *v = guests[domains[n]->id][0].v;

        v->sched.affinity = 1u << v->sched.cpu;
    }
    memset(least, 0xff, sizeof(least));
    for (unsigned int step = 0; step < NR_STEPS; step++) {
        machine_run(step % nr_cpus);
        check_machine();
        if (step % nr_cpus == 0)
            machine_now += SCHED_SLICE_NS / STEPS_IN_SLICE;
    }
    for (unsigned int n = 0; n < nr_domains; n++) {
        const struct guest *guest = &guests[domains[n]->id][0];

        least[guest->v->sched.cpu] =
            MIN(least[guest->v->sched.cpu], guest->nr_steps);
        most[guest->v->sched.cpu] =
            MAX(most[guest->v->sched.cpu], guest->nr_steps);
    }
    for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
        if (most[cpu] > 0)
            CHECK(most[cpu] - least[cpu] <=
                  least[cpu] / 5 + 2 * STEPS_IN_SLICE);
    }
}

void run_spinning_machine(void)
{
    mood = SPINNING;
    spin_where_they_are();
}

/* Nor has anybody less whose weight changes all the time. */
void run_weighing_machine(void)
{
    for (unsigned int n = 0; n < nr_domains; n++)
        domains[n]->weight = PARAPET_DEFAULT_WEIGHT;
    mood = WEIGHING;
    spin_where_they_are();
}

/*
 * And when they may run anywhere, no CPU idles while two share another one, and
 * all have about as much in the long run.
 */
void run_balancing_machine(void)
{
    uint64_t least = UINT64_MAX, most = 0;

    mood = SPINNING;
    for (unsigned int step = 0; step < NR_STEPS; step++) {
        machine_run(step % nr_cpus);
        check_machine();
        if (step % nr_cpus == 0)
            machine_now += SCHED_SLICE_NS / 4;
    }
    for (unsigned int n = 0; n < nr_domains; n++) {
        least = MIN(least, guests[domains[n]->id][0].nr_steps);
        most = MAX(most, guests[domains[n]->id][0].nr_steps);
    }
    CHECK(2 * least >= most);
}

/*
 * Nor does anybody keep others from that by yielding just before each end of a
 * turn, whose interrupt comes after the yield then.
 */
void run_hiding_machine(void)
{
    uint64_t least = UINT64_MAX, most = 0;

    mood = HIDING;
    for (unsigned int n = 0; n < nr_domains; n++)
        domains[n]->weight = PARAPET_DEFAULT_WEIGHT;
    for (unsigned int step = 0; step < NR_STEPS; step++) {
        do {
            machine_run(step % nr_cpus);
            check_machine();
        } while (machine_place(step % nr_cpus) == MACHINE_IN_HYPERVISOR);
        if (step % nr_cpus == 0)
            machine_now += SCHED_SLICE_NS / 4;
    }
    for (unsigned int n = 0; n < nr_domains; n++) {
        least = MIN(least, guests[domains[n]->id][0].nr_steps);
        most = MAX(most, guests[domains[n]->id][0].nr_steps);
    }
    CHECK(3 * least >= 2 * most);
}

/* Who yielded while nobody waited has done so: his turn is as long as others'.
 */
void run_lone_yielder(void)
{
    struct sched_vcpu one = {.yields = true}, other = {0};
    uint64_t until;

    list_init(&one.queue_node);
    list_init(&other.queue_node);
    CHECK(sched_policy->pick(0, &one, &until) == &one);
    sched_policy->enqueue(&other);
    CHECK(sched_policy->tick(0) == machine_now + SCHED_SLICE_NS);
    CHECK(sched_policy->pick(0, &one, &until) == &one);
    machine_now += SCHED_SLICE_NS;
    CHECK(sched_policy->pick(0, &one, &until) == &other);
}

/* SPDX-License-Identifier: MIT
 *
 * What CPUs that go idle, and are woken at once, may cost the busy ones: a
 * vCPU that sleeps for a moment at a time makes its CPU do that.
 */
#include "tests/unit/sched_guest.h"

#include "hypervisor/sched/policy.h"
#include "hypervisor/sched/run_queue.h"
#include "hypervisor/x86/apic.h"

#define STEP_NS 1000

/* The policy in use, whose give() is counted. */
static const struct sched_policy *real;
static struct sched_policy counting;
static unsigned int nr_gives;

static struct sched_vcpu *count_give(unsigned int cpu, unsigned int dest,
                                     uint64_t most)
{
    nr_gives++;
    return real->give(cpu, dest, most);
}

/* Until the CPU has done what there is to do for it. */
static void run_all(unsigned int cpu)
{
    while (machine_is_interrupted(cpu) ||
           machine_place(cpu) == MACHINE_IN_HYPERVISOR)
        machine_run(cpu);
}

static void settle(void)
{
    for (unsigned int step = 0; step < 1000; step++)
        machine_run(step % nr_cpus);
    for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
        run_all(cpu);
}

/* Wakes all that are in that place; returns how many others are disturbed. */
static unsigned int wake(enum machine_place place)
{
    unsigned int nr = 0;

    for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
        if (machine_place(cpu) != place)
            continue;
        apic_send(percpu_info(cpu)->apic_id, VECTOR_KICK);
        run_all(cpu);
    }
    for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
        nr += place == MACHINE_IDLE && machine_is_interrupted(cpu);
        run_all(cpu);
    }
    return nr;
}

/* Those that spin stay where they are, so whoever is asked has none to give. */
void run_flapping_machine(void)
{
    static const enum machine_place places[] = {MACHINE_IDLE, MACHINE_IN_GUEST};

    mood = SPINNING;
    for (unsigned int n = 0; n < nr_domains; n++) {
        struct vcpu *v = guests[domains[n]->id][0].v;

        v->sched.affinity = 1u << v->sched.cpu;
    }
    real = sched_policy;
    counting = *real;
    counting.give = count_give;
    sched_policy = &counting;
    settle();
    for (unsigned int i = 0; i < 2; i++) {
        uint64_t end = machine_now + SCHED_SLICE_NS;
        unsigned int nr = 0;

        for (nr_gives = 0; machine_now < end; machine_now += STEP_NS)
            nr += wake(places[i]);
        /* At most some at each tick. */
        CHECK(nr <= 100 * nr_cpus);
        CHECK(nr_gives <= 100 * nr_cpus);
    }
    sched_policy = real;
}

/* SPDX-License-Identifier: MIT
 *
 * Some CPUs for the policy fair alone, without the mechanism: guests of a few
 * habits, and a clock that jumps from one event to the next. What a guest ran
 * is counted here, apart from what the policy thinks.
 */
#ifndef TESTS_UNIT_FAIR_MACHINE_H
#define TESTS_UNIT_FAIR_MACHINE_H

#include "tests/unit/machine.h"

#include "hypervisor/core/domain.h"

#define MS 1000000ul
#define SECOND (1000 * MS)

#define FAIR_MAX_GUESTS 600
#define FAIR_MAX_CPUS 4

/* What a vCPU does: run, then sleep or yield, and so on. */
struct habit {
    uint64_t runs;   /* ns; 0: for ever */
    uint64_t sleeps; /* ns; 0: it yields */
    bool hops;       /* to the next CPU, each time that it slept */
};

extern const struct habit spins;

extern const struct sched_policy fair;

struct fair_guest {
    struct vcpu v; /* the first part */
    struct habit habit;
    uint64_t ran;      /* ns in all */
    uint64_t left;     /* until it sleeps or yields */
    uint64_t wakes_at; /* 0: it does not sleep */
    uint64_t woke_at;
    uint64_t
        longest_wait; /* from a wake, or from its last run, until it runs */
};

/* All is new, with so many CPUs. */
void fair_machine_create(unsigned int nr_cpus);
struct domain *fair_domain(uint32_t weight, uint32_t cap);

/* One more vCPU of the domain, which is runnable now. */
struct fair_guest *fair_guest(struct domain *d, unsigned int cpu,
                              struct habit habit);

/* Lets so much time pass. */
void fair_run(uint64_t ns);

/* Likewise, but no CPU is looked at meanwhile. */
void fair_jump(uint64_t ns);

/* How often a CPU was looked at because it was time for it. */
unsigned int fair_nr_ticks(unsigned int cpu);

/* What all vCPUs of the domain ran. */
uint64_t fair_ran(const struct domain *d);

/* As domain_schedule does. */
void fair_schedule(struct domain *d, uint32_t weight, uint32_t cap);

/* It sleeps now, or it wakes. Not from a guest. */
void fair_stop(struct fair_guest *guest);
void fair_wake(struct fair_guest *guest);

#endif

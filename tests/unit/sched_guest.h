/* SPDX-License-Identifier: MIT
 *
 * What the files of test_sched.c share: a machine (machine.h) with domains
 * whose guests do random things, and what must hold meanwhile.
 */
#ifndef TESTS_UNIT_SCHED_GUEST_H
#define TESTS_UNIT_SCHED_GUEST_H

#include "tests/unit/machine.h"

#include "hypervisor/core/domain.h"
#include "hypervisor/core/engine.h"

#define MAX_GUEST_DOMAINS 4 /* their ids count from 1 */
#define MAX_GUEST_VCPUS 4
#define NR_PORTS_OF_VCPU 2 /* an IPI's and the timer's */

#define NR_STEPS 3000 /* of all CPUs of a machine */
#define STEPS_IN_SLICE 20

/* What a guest knows of a vCPU of its own. */
struct guest {
    struct vcpu *v;
    uint64_t nr_steps;
    bool loaded;  /* between switch_in and switch_out */
    bool paused;  /* sched_pause() has returned, and no unpause followed */
    bool was_off; /* and sched_is_off() has been true since */
    unsigned int nr_unpauses; /* twice; odd: one is under way */
    bool in_handler;          /* an event upcall is being handled */
    bool spins;
    uint32_t ports[NR_PORTS_OF_VCPU];
    bool outstanding[NR_PORTS_OF_VCPU]; /* sent to, and not seen yet */
    uint64_t timer;                     /* set to, and not seen yet */
};

extern struct guest guests[MAX_GUEST_DOMAINS + 1][MAX_GUEST_VCPUS];

/* Those that are not gone, and NULL. */
extern struct domain *domains[MAX_GUEST_DOMAINS];
extern unsigned int nr_domains;
extern unsigned int nr_cpus;

/* What the guests do: all there is, only handle events and block, spin, change
 * the first domain's weight, yield before they take an interrupt, or yield or
 * set a timer all the time; of these two the first domain ends. */
extern enum guest_mood {
    BUSY,
    QUIET,
    SPINNING,
    WEIGHING,
    HIDING,
    YIELDING,
    TIMING
} mood;

/* So many of ten steps say where a vCPU may run, or set a timer. */
extern unsigned int nr_moves_in_ten;

/* One in so many chances to end is taken. */
extern unsigned int end_rate;

/* The engine of all domains. */
extern const struct engine guest_engine;

/* What each CPU runs. The first one starts the domains. */
void guest_cpu_main(void);

/* A machine whose idle CPUs are woken all the time: sched_idle.c. */
void run_flapping_machine(void);

/* Machines whose vCPUs spin where they are, and where they may, and yield just
 * before an interrupt comes: sched_spread.c. */
void run_spinning_machine(void);
void run_balancing_machine(void);
void run_hiding_machine(void);

/* Domains whose weights change all the time, and a vCPU that yielded while it
 * was alone: likewise. */
void run_weighing_machine(void);
void run_lone_yielder(void);

/* What must hold whenever a CPU has paused. */
void check_machine(void);

/* What must hold once nothing is left to do. */
void check_nothing_lost(const struct guest *guest);

/* From a generator that begins with the seed. */
uint64_t below(uint64_t limit);

/* Says what is wrong, and with which seed, and ends this machine's process. */
_Noreturn void failed(const char *file, int line, const char *what);

#define CHECK(condition)                                                       \
    do {                                                                       \
        if (!(condition))                                                      \
            failed(__FILE__, __LINE__, #condition);                            \
    } while (0)

#endif

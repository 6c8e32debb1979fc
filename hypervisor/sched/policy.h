/* SPDX-License-Identifier: MIT
 *
 * A scheduling policy: which of the vCPUs that wait for a CPU runs next, and
 * for how long. The rest is the mechanism's (sched.c): states of vCPUs,
 * switches, kicks, the timer.
 *
 * A vCPU waits from enqueue() until pick() takes it, or dequeue() does. The
 * one that runs waits nowhere. Each function is called with the run queue's
 * lock of the CPU held and interrupts off, and takes no other lock; what it
 * does is bounded by the number of vCPUs of the CPU.
 */
#ifndef HYPERVISOR_SCHED_POLICY_H
#define HYPERVISOR_SCHED_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sched_vcpu;

/* How long a turn is, unless a policy knows better. */
#define SCHED_SLICE_NS 10000000ul

struct sched_policy {
    /* Nobody waits on this CPU: once, before all others. No lock. */
    void (*init_cpu)(unsigned int cpu);

    /* s has become runnable: it waits for s->cpu from now on. */
    void (*enqueue)(struct sched_vcpu *s);

    /* s waits, and is not to run any more. */
    void (*dequeue)(struct sched_vcpu *s);

    /*
     * Takes the next to run; NULL when nobody waits. prev has run until now
     * and waits again from here on; NULL: nobody ran, or it sleeps. *until: as
     * tick() says.
     */
    struct sched_vcpu *(*pick)(unsigned int cpu, struct sched_vcpu *prev,
                               uint64_t *until);

    /*
     * Until when, in ns of time_now_ns(), the one that runs may go on; then
     * pick() is asked. 0: as long as it likes, since nobody waits. Asked when
     * somebody comes to wait although it had no limit.
     */
    uint64_t (*tick)(unsigned int cpu);
};

/* The policy in use: set before a CPU schedules. Round robin, if not set. */
extern const struct sched_policy *sched_policy;

/* Sets it, by its name on the boot line; false when there is none. */
bool sched_set_policy(const char *name);

/* The names, from 0 upward; NULL after the last one. */
const char *sched_policy_name(size_t n);

/* What may be said: "a or b". */
extern const char sched_or_policies[];
#define SCHED_POLICY_NAMES (sched_or_policies + sizeof(" or ") - 1)

#endif

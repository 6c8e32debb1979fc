/* SPDX-License-Identifier: MIT
 *
 * A scheduling policy: which of the vCPUs that wait for a CPU runs next, and
 * for how long. The mechanism (sched.c) does the rest: states of vCPUs,
 * switches, kicks, the timer.
 *
 * A vCPU belongs to one CPU at a time, s->cpu, and is in one of three places:
 *
 *                enqueue()             pick()
 *     it sleeps ----------->  waits  ----------->  runs
 *       ^   ^                 |   ^                |  |
 *       |   +--- dequeue() ---+   +----- pick() ---+  |
 *       |                          prev, passed over  |
 *       +---------------------------------------------+
 *                 pick(), with NULL for prev
 *
 * A policy knows those that wait, and nothing of the others. s->queue_node is
 * its own, for its list of them; lib/list.h leaves the node of one that is
 * taken out as an empty list, and so it must be while the vCPU does not wait.
 *
 * While it does not run, it may be moved to another CPU. For a policy this is
 * a dequeue() there, if it waited, then another s->cpu, and an enqueue() here.
 *
 * Each function, but for those that say otherwise, is called with the lock of
 * the CPU's run queue held and interrupts off. It takes no other lock, and what
 * it does is bounded by the number of vCPUs of the CPU.
 */
#ifndef HYPERVISOR_SCHED_POLICY_H
#define HYPERVISOR_SCHED_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct domain;
struct sched_vcpu;

/* How long a turn is, unless a policy knows better. */
#define SCHED_SLICE_NS 10000000ul

struct sched_policy {
    /* Once for each CPU, before all others: nobody waits there. No lock. */
    void (*init_cpu)(unsigned int cpu);

    /* s has become runnable: from now on it waits for s->cpu. */
    void (*enqueue)(struct sched_vcpu *s);

    /* s, which waits, is not to run any more. */
    void (*dequeue)(struct sched_vcpu *s);

    /*
     * Says who runs next: one of those that wait, who is taken out, or prev,
     * who has run until now and could go on. NULL when there is neither. If
     * another one than prev is next, prev waits again. *until: as tick() says,
     * for the next one.
     */
    struct sched_vcpu *(*pick)(unsigned int cpu, struct sched_vcpu *prev,
                               uint64_t *until);

    /*
     * Until when the one that runs may go on, in ns of time_now_ns(); then
     * pick() is asked. 0: as long as it likes, which is right only while nobody
     * waits. So this is asked again when one that has no limit runs, and
     * somebody comes to wait; and when a limit has come and nobody waits: with
     * 0 there is no switch.
     *
     * vCPUs are given to other CPUs when a limit has come. So a policy that has
     * give() lets one come again and again while anybody waits, however often
     * the one that runs changes before it: else who yields all the time would
     * keep all others where they are.
     */
    uint64_t (*tick)(unsigned int cpu);

    /*
     * d->cap is another one than it was. Any CPU, without a lock, and before
     * the CPUs that run the domain's vCPUs, or have them wait, are told. NULL:
     * caps are nothing to this policy.
     */
    void (*cap_changed)(struct domain *d);

    /*
     * s waits, and its domain's weight or cap is another one than it was. It
     * keeps its place among those of its domain: who sets a weight again and
     * again starves nobody. NULL: these are nothing to this policy.
     */
    void (*weigh)(struct sched_vcpu *s);

    /*
     * For another CPU, dest, that has nothing to do or less than this one: one
     * of those that wait for cpu, who could run at once if it had dest, which
     * may run there (sched_may_run_on()), and which is no more than `most` of
     * what load() says of cpu. NULL: there is none among those that were looked
     * at, a bounded number. It goes on waiting; who moves it calls dequeue().
     * dest's lock is held, too. NULL in place of the function: vCPUs are moved
     * by their affinity alone.
     */
    struct sched_vcpu *(*give)(unsigned int cpu, unsigned int dest,
                               uint64_t most);

    /*
     * How much there is to do on a CPU, for who compares CPUs: a sum of what
     * its runnable vCPUs are, whatever that is. Any CPU, without a lock: it may
     * be a moment old. NULL if give is.
     */
    uint64_t (*load)(unsigned int cpu);
};

/* How many vCPUs of a CPU run or wait. Any CPU, without a lock. */
unsigned int sched_nr_runnable(unsigned int cpu);

/* The policy in use: set before a CPU schedules. `fair`, if not set. */
extern const struct sched_policy *sched_policy;

/* Sets it, by its name on the boot line; false when there is none. */
bool sched_set_policy(const char *name);

/* The names, from 0 upward; NULL after the last one. */
const char *sched_policy_name(size_t n);

/* What may be said: "a or b". */
extern const char sched_or_policies[];
#define SCHED_POLICY_NAMES (sched_or_policies + sizeof(" or ") - 1)

#endif

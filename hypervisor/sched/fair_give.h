/* SPDX-License-Identifier: MIT
 *
 * The policy fair, as other CPUs ask it: give() and load() of policy.h.
 */
#ifndef HYPERVISOR_SCHED_FAIR_GIVE_H
#define HYPERVISOR_SCHED_FAIR_GIVE_H

#include <stdint.h>

struct sched_vcpu;

struct sched_vcpu *fair_give(unsigned int cpu, unsigned int dest,
                             uint64_t most);
uint64_t fair_load(unsigned int cpu);

#endif

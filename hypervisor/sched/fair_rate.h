/* SPDX-License-Identifier: MIT
 *
 * How fast the virtual time of a share goes: by its domain's weight, and by how
 * the domain's vCPUs are spread over the CPUs.
 */
#ifndef HYPERVISOR_SCHED_FAIR_RATE_H
#define HYPERVISOR_SCHED_FAIR_RATE_H

#include "hypervisor/sched/fair_share.h"

/*
 * s, which belongs to this share, is runnable from now on, or no more. It
 * counts as active until an epoch has gone by in which it was not.
 */
void fair_rate_comes(struct sched_share *share, struct sched_vcpu *s,
                     uint32_t epoch);
void fair_rate_goes(struct sched_share *share, struct sched_vcpu *s,
                    uint32_t epoch);

/* How many of the domain's vCPUs are active in this share, and in all. */
unsigned int fair_rate_active(const struct sched_share *share, uint32_t epoch);
unsigned int fair_rate_active_in_all(const struct domain *d, uint32_t epoch);

/*
 * Computes the rate anew. When the weight has changed, so does what is above
 * the floor: it was run by the old one.
 */
void fair_rate_refresh(struct sched_share *share, uint32_t epoch,
                       uint64_t floor);

/* Whether that is due. */
static inline bool fair_rate_is_old(const struct sched_share *share,
                                    uint32_t epoch)
{
    return share->epoch != epoch ||
           share->generation !=
               __atomic_load_n(&share->domain->generation, __ATOMIC_RELAXED);
}

#endif

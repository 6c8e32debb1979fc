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

/*
 * Computes the rate anew, and what the share's vCPUs are of its CPU's load.
 * When the weight has changed, so does what is above the floor: it was run by
 * the old one.
 */
void fair_rate_refresh(struct fair_cpu *c, struct sched_share *share,
                       uint32_t epoch);

/* The same, if the weight has changed. */
static inline void fair_rate_weigh(struct fair_cpu *c,
                                   struct sched_share *share, uint32_t epoch)
{
    if (share->weight !=
        __atomic_load_n(&share->domain->weight, __ATOMIC_RELAXED))
        fair_rate_refresh(c, share, epoch);
}

/* Whether that is due. */
static inline bool fair_rate_is_old(const struct sched_share *share,
                                    uint32_t epoch)
{
    return share->epoch != epoch ||
           share->generation !=
               __atomic_load_n(&share->domain->generation, __ATOMIC_RELAXED);
}

#endif

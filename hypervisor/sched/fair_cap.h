/* SPDX-License-Identifier: MIT
 *
 * A domain's cap: how much of one CPU all its vCPUs together may have.
 */
#ifndef HYPERVISOR_SCHED_FAIR_CAP_H
#define HYPERVISOR_SCHED_FAIR_CAP_H

#include "hypervisor/core/domain.h"
#include "lib/macros.h"

/* What a domain did not use is kept for so long. */
#define FAIR_CAP_KEEPS_NS 20000000ul

/*
 * A domain that has run for n ns pays for it with n x 100 / cap ns, in which it
 * is not to run: until d->paid_until. Whatever time has passed since then is
 * what it may still use. One word, so CPUs need no lock for it.
 *
 * What it ran before it had this cap is not charged. Who changes the cap writes
 * paid_until last, and who charges reads it first: so a charge by the old cap
 * is lost. Tried again only when another CPU has changed it.
 */
static inline uint32_t fair_cap_of(const struct domain *d)
{
    return __atomic_load_n(&d->cap, __ATOMIC_RELAXED);
}

static inline void fair_cap_charge(struct domain *d, uint64_t ran, uint64_t now)
{
    uint64_t least = now - MIN(now, FAIR_CAP_KEEPS_NS);
    uint64_t old = __atomic_load_n(&d->paid_until, __ATOMIC_ACQUIRE);
    uint64_t since, new;
    uint32_t cap;

    do {
        cap = fair_cap_of(d);
        if (cap == 0)
            return;
        since = __atomic_load_n(&d->cap_since, __ATOMIC_RELAXED);
        since = MIN(now, since);
        new = MAX(old, least) + MIN(ran, now - since) * 100 / cap;
    } while (!__atomic_compare_exchange_n(&d->paid_until, &old, new, false,
                                          __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE));
}

/* d->cap has changed: there is no debt, and nothing that was kept. */
static inline void fair_cap_begin(struct domain *d, uint64_t now)
{
    __atomic_store_n(&d->cap_since, now, __ATOMIC_RELAXED);
    __atomic_store_n(&d->paid_until, now, __ATOMIC_RELEASE);
}

/* From when on it may run, in ns; 0: now. */
static inline uint64_t fair_cap_wait(const struct domain *d, uint64_t now)
{
    uint64_t until;

    if (fair_cap_of(d) == 0)
        return 0;
    until = __atomic_load_n(&d->paid_until, __ATOMIC_RELAXED);
    return until > now ? until : 0;
}

#endif

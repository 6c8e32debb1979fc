/* SPDX-License-Identifier: MIT
 *
 * Owns the counts of active vCPUs and the rates.
 *
 * rate = usual weight / weight x active in all / active here: who spreads over
 * more CPUs runs slower on each, by how many active vCPUs he has there. Active
 * is who was runnable in this epoch or in the last one; so it does not help to
 * have one's vCPUs sleep by turns.
 *
 * A share's counts are one word:
 *
 *      63          32 31      24 23          16 15       8 7         0
 *     +--------------+----------+--------------+----------+-----------+
 *     |    epoch     |    0     | gone before  | gone now | runnable  |
 *     +--------------+----------+--------------+----------+-----------+
 *
 * gone now: those that were runnable in this epoch, and are not any more; gone
 * before: likewise in the last one, and not in this. The share's own CPU
 * changes the word, and a CPU to which one of the vCPUs has moved. Whoever
 * reads it later sees what has become of it meanwhile, so a share that sleeps
 * needs nobody who looks after it.
 */
#include "hypervisor/sched/fair_rate.h"

#include "abi/domain.h"
#include "lib/macros.h"

#define RUNNABLE 1ul
#define GONE_NOW (1ul << 8)
#define GONE_BEFORE (1ul << 16)
#define FIELD 0xfful

_Static_assert(PARAPET_MAX_VCPUS <= FIELD, "a count has 8 bits");

/* The rate of the usual weight. */
#define USUAL_RATE                                                             \
    ((uint64_t)PARAPET_DEFAULT_WEIGHT << (FAIR_VTIME_SHIFT + FAIR_RATE_SHIFT))

/* More than anybody's share can be above the floor (some 2^44); so nothing
 * overflows when it is multiplied by a weight. */
#define MAX_LEAD (1ul << 46)

static inline uint32_t epoch_of(uint64_t counts)
{
    return (uint32_t)(counts >> 32);
}

/* What has become of counts by this epoch; one from a CPU that sees the clock
 * later may be ahead. */
static inline uint64_t counts_at(uint64_t counts, uint32_t epoch)
{
    int32_t past = (int32_t)(epoch - epoch_of(counts));
    uint64_t gone;

    if (__builtin_expect(past <= 0, 1))
        return counts;
    gone = past == 1 ? counts / GONE_NOW & FIELD : 0;
    return (uint64_t)epoch << 32 | gone * GONE_BEFORE | (counts & FIELD);
}

/* Those that counts_at() would have, in fewer steps, as all CPUs are asked. */
static inline unsigned int active_at(uint64_t counts, uint32_t epoch)
{
    int32_t past = (int32_t)(epoch - epoch_of(counts));
    uint64_t nr = counts & FIELD;

    if (past <= 1)
        nr += counts / GONE_NOW & FIELD;
    if (past <= 0)
        nr += counts / GONE_BEFORE & FIELD;
    return (unsigned int)nr;
}

/* Which count of those that have gone s is in; 0: in none. */
static inline uint64_t gone_of(const struct sched_vcpu *s, uint64_t counts)
{
    uint32_t past = epoch_of(counts) - s->gone;

    if (s->gone == 0 || past > 1)
        return 0;
    return past == 0 ? GONE_NOW : GONE_BEFORE;
}

static inline bool change(struct sched_share *share, uint64_t *old,
                          uint64_t new)
{
    return __atomic_compare_exchange_n(&share->counts, old, new, false,
                                       __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* s has moved: it is not counted where it was. Tried again only when another
 * CPU has changed the word. */
static __attribute__((noinline)) void
move_away(struct domain *d, const struct sched_vcpu *s, uint32_t epoch)
{
    struct sched_share *share = &d->shares[s->share_cpu];
    uint64_t old = __atomic_load_n(&share->counts, __ATOMIC_RELAXED);
    uint64_t new;

    do {
        new = counts_at(old, epoch);
        new -= gone_of(s, new);
    } while (!change(share, &old, new));
}

static inline void count(struct sched_share *share, struct sched_vcpu *s,
                         uint32_t epoch)
{
    uint64_t old = __atomic_load_n(&share->counts, __ATOMIC_RELAXED);
    uint64_t new, gone;

    do {
        new = counts_at(old, epoch);
        gone = gone_of(s, new);
        new += RUNNABLE - gone;
    } while (!change(share, &old, new));
    s->gone = 0;
    if (gone == 0)
        __atomic_fetch_add(&share->domain->generation, 1, __ATOMIC_RELAXED);
}

static __attribute__((noinline)) void
comes_from_elsewhere(struct sched_share *share, struct sched_vcpu *s,
                     uint32_t epoch)
{
    move_away(share->domain, s, epoch);
    s->share_cpu = s->cpu;
    s->gone = 0;
    count(share, s, epoch);
}

/* The rare way is apart, so that the other saves no registers. */
void fair_rate_comes(struct sched_share *share, struct sched_vcpu *s,
                     uint32_t epoch)
{
    if (__builtin_expect(s->share_cpu != s->cpu, 0))
        comes_from_elsewhere(share, s, epoch);
    else
        count(share, s, epoch);
}

void fair_rate_goes(struct sched_share *share, struct sched_vcpu *s,
                    uint32_t epoch)
{
    uint64_t old = __atomic_load_n(&share->counts, __ATOMIC_RELAXED);
    uint64_t new;

    do {
        new = counts_at(old, epoch) + GONE_NOW - RUNNABLE;
    } while (!change(share, &old, new));
    s->gone = epoch_of(new);
}

static inline unsigned int active(const struct sched_share *share,
                                  uint32_t epoch)
{
    return active_at(__atomic_load_n(&share->counts, __ATOMIC_RELAXED), epoch);
}

static unsigned int active_in_all(const struct domain *d, uint32_t epoch)
{
    unsigned int nr = 0;

    for (uint32_t rest = __atomic_load_n(&d->share_cpus, __ATOMIC_RELAXED);
         rest != 0; rest &= rest - 1)
        nr += active(&d->shares[__builtin_ctz(rest)], epoch);
    return nr;
}

/* A domain that is one tenth as heavy owes ten times as much. */
static uint64_t weigh_lead(const struct sched_share *share, uint32_t weight,
                           uint64_t floor)
{
    if (share->weight == 0 || vtime_before(share->vtime, floor))
        return share->vtime;
    return floor + MIN(share->vtime - floor, MAX_LEAD) * share->weight / weight;
}

/* A domain's weight is spread over its active vCPUs. */
static void change_load(struct fair_cpu *c, struct sched_share *share,
                        uint32_t weight, uint64_t all)
{
    uint64_t each = ((uint64_t)weight << FAIR_LOAD_SHIFT) / all;
    uint64_t nr =
        __atomic_load_n(&share->counts, __ATOMIC_RELAXED) / RUNNABLE & FIELD;

    __atomic_store_n(&c->load, c->load + (each - share->each) * nr,
                     __ATOMIC_RELAXED);
    share->each = each;
}

void fair_rate_refresh(struct fair_cpu *c, struct sched_share *share,
                       uint32_t epoch)
{
    const struct domain *d = share->domain;
    uint32_t weight;
    uint64_t here, all;

    /* Read first: a change that comes meanwhile is seen the next time. */
    share->generation = __atomic_load_n(&d->generation, __ATOMIC_ACQUIRE);
    share->epoch = epoch;
    weight = __atomic_load_n(&d->weight, __ATOMIC_RELAXED);
    /* Each looks once: others change the counts, and 0 divides nothing. */
    here = active(share, epoch);
    here = MAX(here, 1u);
    all = active_in_all(d, epoch);
    all = MAX(all, 1u);
    if (weight != share->weight) {
        share->vtime = weigh_lead(share, weight, c->floor);
        share->weight = weight;
    }
    share->rate = USUAL_RATE * all / (weight * here);
    change_load(c, share, weight, all);
}

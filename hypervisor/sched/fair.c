/* SPDX-License-Identifier: MIT
 *
 * The policy fair: domains share each CPU by their weights, however many vCPUs
 * they have there and whatever these do.
 *
 * What is fair is the share: a domain on one CPU. Its virtual time is what its
 * vCPUs ran there, exactly, times its rate (fair_rate.c), and who has least of
 * it is next. Inside a share who waits longest is next.
 *
 *                              sort_in()            pick()
 *     enqueue() --> arrivals ------------> share ------------> runs
 *                                |           ^  \
 *                                | no time   |   \ its cap is used up
 *                                |   left    |    v
 *                                +------> parked, until a moment
 *
 * Who comes after a sleep has at most the time of one turn ahead of the others:
 * a share's time never lies further below the floor, which is the least time
 * of those that could run, and does not fall. Who has used more than his part
 * keeps that debt while he sleeps, and takes it along to another CPU.
 *
 * As long as anybody waits the CPU is looked at each tick. So who comes with
 * less time than all others runs after a tick, and whoever comes otherwise at
 * the end of a turn. Nothing is sampled by it: a vCPU that sleeps or yields
 * between two ticks has paid for what it ran.
 */
#include <stddef.h>

#include "hypervisor/base/bug.h"
#include "hypervisor/base/time.h"
#include "hypervisor/mm/frame.h"
#include "hypervisor/sched/fair_cap.h"
#include "hypervisor/sched/fair_give.h"
#include "hypervisor/sched/fair_heap.h"
#include "hypervisor/sched/fair_rate.h"
#include "hypervisor/sched/fair_share.h"
#include "hypervisor/sched/policy.h"
#include "hypervisor/sched/run_queue.h"
#include "lib/macros.h"

#define TURN_NS SCHED_SLICE_NS
#define TICK_NS 500000

/*
 * So many come in at once, some 300 instructions each, or 700 when a new weight
 * is looked up on 32 CPUs; the others wait for the next pick, so long. Half of
 * them may be those that were parked.
 */
#define SORT_AT_ONCE 8
#define SORT_PAUSE_NS 5000

/* Nobody is charged for more at once (2.4 hours): it only happens when nobody
 * else waited. */
#define MAX_CHARGE_NS (1ul << 43)

/* A heap has room for a share of each vCPU, and its place 0. */
#define HEAP_SIZE ((SCHED_MAX_VCPUS + 2) * sizeof(void *))

struct fair_cpu fair_cpus[MAX_CPUS];

static void *alloc_heap(void)
{
    mfn_t heap = frame_alloc_run(NR_PAGES(HEAP_SIZE));

    BUG_ON(heap == MFN_NONE);
    return frame_vaddr(heap);
}

static void init_cpu(unsigned int cpu)
{
    fair_cpus[cpu] = (struct fair_cpu){.heap = alloc_heap()};
    list_init(&fair_cpus[cpu].arrivals);
    timers_init(&fair_cpus[cpu].parked, alloc_heap());
}

static struct sched_share *share_of(struct sched_vcpu *s)
{
    struct domain *d = fair_vcpu(s)->domain;
    struct sched_share *share = &d->shares[s->cpu];

    if (!share->domain) {
        share->domain = d;
        list_init(&share->waiting);
        __atomic_fetch_or(&d->share_cpus, 1u << s->cpu, __ATOMIC_RELAXED);
    }
    return share;
}

/* ---- who comes, and who goes ---- */

static void enqueue(struct sched_vcpu *s)
{
    list_add_last(&fair_cpus[s->cpu].arrivals, &s->queue_node);
}

/* s is not runnable any more. */
static void goes(struct fair_cpu *c, struct sched_share *share,
                 struct sched_vcpu *s, uint64_t now)
{
    fair_rate_goes(share, s, fair_epoch(now));
    __atomic_store_n(&c->load, c->load - share->each, __ATOMIC_RELAXED);
}

static void dequeue(struct sched_vcpu *s)
{
    struct fair_cpu *c = &fair_cpus[s->cpu];
    struct sched_share *share;
    uint64_t now;

    list_remove(&s->queue_node);
    if (!s->sorted)
        return;
    now = time_now_ns();
    fair_end_wait(s, now);
    share = share_of(s);
    goes(c, share, s, now);
    if (list_is_empty(&share->waiting)) {
        fair_heap_take_out(c, share);
        timers_set(&c->parked, &share->parked, 0);
    }
}

/* A share that does not run and has vCPUs that wait: into one of the heaps. */
static inline void put_share(struct fair_cpu *c, struct sched_share *share,
                             uint64_t now)
{
    uint64_t until = fair_cap_wait(share->domain, now);

    if (until != 0) {
        fair_heap_take_out(c, share);
        timers_set(&c->parked, &share->parked, until);
    } else {
        fair_heap_put(c, share);
    }
}

static uint64_t turn_of(const struct sched_share *share)
{
    return TURN_NS * share->rate >> FAIR_RATE_SHIFT;
}

/* A share that slept or was parked comes back: not further behind than least.
 */
static void clamp(struct sched_share *share, uint64_t least, bool long_ago)
{
    if (long_ago || vtime_before(share->vtime, least))
        share->vtime = least;
}

/*
 * By how much the share that s left by a move is above the floor there. Read
 * without that CPU's lock: it goes on from there, and what has just changed
 * does not matter.
 */
static uint64_t lead_of(const struct sched_vcpu *s, const struct domain *d,
                        uint32_t epoch)
{
    const struct sched_share *share = &d->shares[s->share_cpu];
    uint64_t lead =
        __atomic_load_n(&share->vtime, __ATOMIC_RELAXED) -
        __atomic_load_n(&fair_cpus[s->share_cpu].floor, __ATOMIC_RELAXED);

    return (int64_t)lead > 0 && epoch - share->epoch <= FAIR_MEMORY ? lead : 0;
}

/* s, which has come, waits in its share from now on. */
static void sort_in(struct fair_cpu *c, struct sched_vcpu *s, uint64_t now)
{
    struct sched_share *share = share_of(s);
    uint32_t epoch = fair_epoch(now);
    bool long_ago = epoch - share->epoch > FAIR_MEMORY;
    bool is_new = share->weight == 0;
    bool moved = s->share_cpu != s->cpu;
    uint64_t lead = moved ? lead_of(s, share->domain, epoch) : 0;
    bool slept;

    fair_rate_comes(share, s, epoch);
    __atomic_store_n(&c->load, c->load + share->each, __ATOMIC_RELAXED);
    slept = list_is_empty(&share->waiting) && share != c->share;
    list_remove(&s->queue_node);
    fair_begin_wait(share, s, now);
    /* Other changes can wait until it is charged, when it is one share only. */
    fair_rate_weigh(c, share, epoch);
    if (share == c->share)
        return;
    if (slept)
        share->fresh = true;
    if (slept && (moved || is_new))
        clamp(share, c->floor + MIN(lead, turn_of(share)), long_ago);
    else if (slept || share->parked.place)
        clamp(share, c->floor - turn_of(share), long_ago);
    if (share->parked.place)
        timers_set(&c->parked, &share->parked, 0);
    put_share(c, share, now);
}

/* Its cap may let it run again. */
static void unpark_share(struct fair_cpu *c, struct sched_share *share,
                         uint64_t now)
{
    timers_set(&c->parked, &share->parked, 0);
    clamp(share, c->floor - turn_of(share), false);
    share->fresh = true;
    put_share(c, share, now);
}

/* Those whose caps let them run again. Returns how many they were. */
static __attribute__((noinline)) unsigned int unpark(struct fair_cpu *c,
                                                     uint64_t now)
{
    unsigned int n;

    for (n = 0; n < SORT_AT_ONCE / 2; n++) {
        struct timer *timer = timers_first(&c->parked);

        if (!timer || timer->deadline > now)
            break;
        unpark_share(c, container_of(timer, struct sched_share, parked), now);
    }
    return n;
}

/* Brings in who has come. */
static inline void bring_in(struct fair_cpu *c, uint64_t now)
{
    unsigned int n = 0;

    if (c->parked.nr != 0)
        n = unpark(c, now);
    for (; n < SORT_AT_ONCE && !list_is_empty(&c->arrivals); n++)
        sort_in(c,
                list_first_entry(&c->arrivals, struct sched_vcpu, queue_node),
                now);
}

/* ---- what time costs ---- */

/* The one that runs pays for it. */
static void charge(struct fair_cpu *c, uint64_t now)
{
    struct sched_share *share = c->share;
    struct domain *d = share->domain;
    uint64_t ran = MIN(now - c->since, MAX_CHARGE_NS);
    uint32_t epoch = fair_epoch(now);

    if (fair_rate_is_old(share, epoch))
        fair_rate_refresh(c, share, epoch);
    share->vtime +=
        (uint64_t)((unsigned __int128)ran * share->rate >> FAIR_RATE_SHIFT);
    c->since = now;
    if (fair_cap_of(d) != 0)
        fair_cap_charge(d, ran, now);
}

/* After a charge, and before others come. */
static void raise_floor(struct fair_cpu *c)
{
    const struct sched_share *first = fair_heap_first(c);
    uint64_t least = c->share->vtime;

    if (first && vtime_before(first->vtime, least))
        least = first->vtime;
    if (vtime_before(c->floor, least))
        c->floor = least;
}

/* ---- who is next ---- */

/* The share, in no heap now, has its turn. */
static struct sched_vcpu *begin_turn(struct fair_cpu *c,
                                     struct sched_share *share, uint64_t now)
{
    struct sched_vcpu *s =
        list_first_entry(&share->waiting, struct sched_vcpu, queue_node);

    list_remove(&s->queue_node);
    fair_end_wait(s, now);
    share->fresh = false;
    c->share = share;
    c->runs = s;
    c->since = now;
    c->turn_end = now + TURN_NS;
    return s;
}

/* Nobody runs: the first of the heap, if there is one. */
static struct sched_vcpu *begin_first(struct fair_cpu *c, uint64_t now)
{
    struct sched_share *first = fair_heap_first(c);

    if (!first)
        return NULL;
    if (c->nr == 1) {
        c->nr = 0;
        first->place = 0;
    } else {
        fair_heap_take_out(c, first);
    }
    return begin_turn(c, first, now);
}

/* Nobody runs now. */
static inline void stop(struct fair_cpu *c)
{
    c->share = NULL;
    c->runs = NULL;
}

/* The share of the one that ran has others that wait. */
static __attribute__((noinline)) void
put_back(struct fair_cpu *c, struct sched_share *share, uint64_t now)
{
    put_share(c, share, now);
}

/* The one that runs is not runnable any more. */
static inline void leave(struct fair_cpu *c, uint64_t now)
{
    struct sched_share *share = c->share;

    goes(c, share, c->runs, now);
    stop(c);
    if (!list_is_empty(&share->waiting))
        put_back(c, share, now);
}

/* prev's cap keeps it off. */
static __attribute__((noinline)) void
park(struct fair_cpu *c, struct sched_vcpu *prev, uint64_t now)
{
    struct sched_share *share = c->share;

    fair_begin_wait(share, prev, now);
    stop(c);
    put_share(c, share, now);
}

enum next {
    PREV,
    INSIDE, /* another one of its share */
    FIRST,  /* the first share of the heap */
};

/* prev could go on. Who has not run since it came does not wait for the end of
 * the turn, once it has the least time. */
static inline enum next choose(struct fair_cpu *c, bool yields, uint64_t now)
{
    const struct sched_share *first = fair_heap_first(c);
    struct sched_share *share = c->share;
    bool is_over = yields || now >= c->turn_end;

    if (first && vtime_before(first->vtime, share->vtime))
        return is_over || first->fresh ? FIRST : PREV;
    if (is_over && !list_is_empty(&share->waiting))
        return INSIDE;
    if (!yields || !first)
        return PREV;
    share->vtime = first->vtime;
    return FIRST;
}

/* The one that ran waits again, if it is not to run on. */
static inline struct sched_vcpu *change_turn(struct fair_cpu *c,
                                             struct sched_vcpu *prev,
                                             enum next next, uint64_t now)
{
    struct sched_share *share = c->share;

    if (next == PREV)
        return prev;
    fair_begin_wait(share, prev, now);
    if (next == FIRST)
        share = fair_heap_exchange(c, share);
    return begin_turn(c, share, now);
}

/* Whether the one that runs has no cap, and its weight is what it was. */
static inline bool is_settled(const struct fair_cpu *c)
{
    const struct domain *d = c->share->domain;

    return fair_cap_of(d) == 0 &&
           c->share->generation ==
               __atomic_load_n(&d->generation, __ATOMIC_RELAXED);
}

/* Whether the one that runs may go on without a look at the clock. */
static inline bool is_alone(const struct fair_cpu *c)
{
    return c->nr == 0 && list_is_empty(&c->arrivals) && c->parked.nr == 0 &&
           list_is_empty(&c->share->waiting) && is_settled(c);
}

/*
 * Until when the one that is picked may run. A tick that has not come yet is
 * kept, also when it is not needed: nobody puts it off by yielding before it,
 * since other CPUs are helped then.
 */
static inline uint64_t next_look(struct fair_cpu *c, uint64_t now)
{
    const struct timer *parked = timers_first(&c->parked);

    if (!list_is_empty(&c->arrivals))
        return now + SORT_PAUSE_NS;
    if (!c->runs)
        return parked ? MAX(parked->deadline, now + SORT_PAUSE_NS) : 0;
    if (c->tick <= now)
        c->tick = is_alone(c) ? 0 : now + TICK_NS;
    if (parked && parked->deadline < c->tick)
        return MAX(parked->deadline, now + SORT_PAUSE_NS);
    return c->tick;
}

static uint64_t tick(unsigned int cpu)
{
    struct fair_cpu *c = &fair_cpus[cpu];

    /* Asked when one runs that had no limit, or when nobody waits: so there is
     * nobody but those that have just come. */
    if (list_is_empty(&c->arrivals) && (!c->runs || is_settled(c)))
        return c->tick = 0;
    return c->tick = time_now_ns() + TICK_NS;
}

static void cap_changed(struct domain *d)
{
    fair_cap_begin(d, time_now_ns());
}

/* One that has just come is looked at when it is sorted in. */
static void weigh(struct sched_vcpu *s)
{
    struct fair_cpu *c = &fair_cpus[s->cpu];
    struct sched_share *share = share_of(s);
    uint64_t now;

    if (!s->sorted)
        return;
    now = time_now_ns();
    fair_rate_weigh(c, share, fair_epoch(now));
    if (share->parked.place)
        unpark_share(c, share, now);
    else if (share != c->share)
        put_share(c, share, now);
}

static __attribute__((noinline)) struct sched_vcpu *
pick_among(struct fair_cpu *c, struct sched_vcpu *prev, bool yields,
           uint64_t *until)
{
    uint64_t now = time_now_ns();
    struct sched_vcpu *next;

    if (c->runs) {
        charge(c, now);
        raise_floor(c);
        if (!prev)
            leave(c, now);
        else if (fair_cap_wait(c->share->domain, now) != 0)
            park(c, prev, now);
    }
    if (!list_is_empty(&c->arrivals) || c->parked.nr != 0)
        bring_in(c, now);
    if (c->runs)
        next = change_turn(c, prev, choose(c, yields, now), now);
    else
        next = begin_first(c, now);
    *until = next_look(c, now);
    return next;
}

static struct sched_vcpu *pick(unsigned int cpu, struct sched_vcpu *prev,
                               uint64_t *until)
{
    struct fair_cpu *c = &fair_cpus[cpu];
    bool yields = false;

    ASSERT(!prev || prev == c->runs);
    if (c->runs) {
        yields = c->runs->yields;
        c->runs->yields = false;
    }
    if (!prev || c->tick != 0 || !is_alone(c))
        return pick_among(c, prev, yields, until);
    *until = 0;
    return prev;
}

const struct sched_policy fair = {
    .init_cpu = init_cpu,
    .enqueue = enqueue,
    .dequeue = dequeue,
    .pick = pick,
    .tick = tick,
    .cap_changed = cap_changed,
    .weigh = weigh,
    .give = fair_give,
    .load = fair_load,
};

/* SPDX-License-Identifier: MIT
 *
 * Owns how a vCPU gets to another CPU. The CPU to which it belongs moves it,
 * while it does not run there, and holds both queues' locks for it. So what a
 * CPU finds to be its own stays so until it does something about it, and who is
 * on another CPU looks twice (sched_lock_queue_of()).
 *
 * A timer is in the heap of its vCPU's CPU, which only that CPU touches. So one
 * that is set is taken out here and waits in the other CPU's list `arrived`,
 * until that CPU takes it into its own heap: at the kick that it gets, and at
 * the latest before it runs the vCPU.
 *
 * Why one is moved: its affinity; or another CPU idles while it waits; or
 * another CPU has less to do. Of these two only the CPU that has too much does
 * anything, and it gives one vCPU at a time, whom the policy chooses.
 */
#include "abi/errors.h"
#include "hypervisor/base/bug.h"
#include "hypervisor/base/spinlock.h"
#include "hypervisor/base/time.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/schedule.h"
#include "hypervisor/core/timers.h"
#include "hypervisor/sched/policy.h"
#include "hypervisor/sched/run_queue.h"
#include "hypervisor/x86/apic.h"
#include "hypervisor/x86/percpu.h"
#include "lib/list.h"

/* So many timers are taken in at once, some 200 instructions each. */
#define ADOPT_AT_ONCE 8

/* In the order of their CPUs: lock_order.def. */
static void lock_both(struct run_queue *one, struct run_queue *other)
{
    ASSERT(one != other);
    spin_lock(one < other ? &one->lock : &other->lock);
    spin_lock(one < other ? &other->lock : &one->lock);
}

static void unlock_both(struct run_queue *one, struct run_queue *other)
{
    spin_unlock(&one->lock);
    spin_unlock(&other->lock);
}

struct run_queue *sched_lock_queue_of(const struct vcpu *v)
{
    for (;;) {
        unsigned int cpu = sched_cpu_of(v);
        struct run_queue *q = &run_queues[cpu];

        spin_lock(&q->lock);
        if (sched_cpu_of(v) == cpu)
            return q;
        spin_unlock(&q->lock);
    }
}

/* ---- timers ---- */

/* Its timer, if it is set, goes along. */
static void move_timer(struct run_queue *from, struct run_queue *to,
                       struct vcpu *v)
{
    bool is_set = v->timer.place != 0 || sched_has_arrived(v);

    timers_set(&from->timers, &v->timer, 0);
    list_remove(&v->sched.arrive_node);
    if (is_set)
        list_add_last(&to->arrived, &v->sched.arrive_node);
}

static struct vcpu *take_arrived(struct run_queue *q)
{
    struct list_node *node;

    spin_lock(&q->lock);
    node = list_take_first(&q->arrived);
    spin_unlock(&q->lock);
    return node ? list_entry(node, struct vcpu, sched.arrive_node) : NULL;
}

void sched_adopt(void)
{
    struct cpu_info *cpu = this_cpu();
    struct run_queue *q = cpu->queue;

    for (int n = 0; n < ADOPT_AT_ONCE; n++) {
        struct vcpu *v = take_arrived(q);

        if (!v)
            return;
        sched_adopt_one(q, v);
    }
    apic_send(cpu->apic_id, VECTOR_KICK);
}

/* ---- the move ---- */

/*
 * v, which belongs to this CPU and does not run, goes to dest, where there is
 * room for it. Both queues' locks are held; who lets them go kicks dest.
 */
static void sched_move(struct run_queue *from, struct vcpu *v,
                       unsigned int dest)
{
    struct run_queue *to = &run_queues[dest];

    ASSERT(from == this_cpu()->queue && from == &run_queues[v->sched.cpu]);
    ASSERT(!v->sched.running && !(v->sched.off & SCHED_ENDED));
    if (sched_waits(v))
        sched_dequeue(from, v);
    move_timer(from, to, v);
    v->sched.off &= ~SCHED_MOVES;
    list_remove(&v->sched.leave_node);
    __atomic_store_n(&v->sched.cpu, dest, __ATOMIC_RELAXED);
    if (sched_waits(v))
        sched_enqueue(to, v);
}

void sched_send_away(struct run_queue *from, struct vcpu *v)
{
    unsigned int cpu = this_cpu()->id;
    unsigned int dest = __atomic_load_n(&v->sched.dest, __ATOMIC_RELAXED);
    struct run_queue *to = &run_queues[dest];
    bool moves;

    lock_both(from, to);
    /* Else it has ended, or is in the list once more, if it goes at all. */
    moves = (v->sched.off & (SCHED_MOVES | SCHED_ENDED)) == SCHED_MOVES &&
            v->sched.dest == dest;
    if (moves)
        sched_move(from, v, dest);
    unlock_both(from, to);
    if (!moves)
        return;
    sched_room_give_back(cpu);
    sched_kick_cpu(dest, WORK_EVENT);
}

/* ---- for CPUs that have less to do ---- */

/* So often, at most, for one that is not idle. */
#define BALANCE_NS 80000000ul

/*
 * A CPU that asked another one in vain does not ask for so long; and one that
 * could not help does not look at who waits, but at its ticks. So a vCPU that
 * sleeps for moments costs other CPUs little.
 */
#define IN_VAIN_NS 500000ul

/* Bit n: CPU n has nothing to run; atomic. */
static uint32_t idle_cpus;

static void balanced(struct run_queue *q, uint64_t now)
{
    __atomic_store_n(&q->balance_from, now + BALANCE_NS, __ATOMIC_RELAXED);
}

/* False if nobody was given. */
static bool give_one(struct cpu_info *cpu, unsigned int dest, uint64_t most)
{
    struct run_queue *from = cpu->queue, *to = &run_queues[dest];
    struct sched_vcpu *s;

    if (sched_room_take(1u << dest) < 0)
        return false;
    lock_both(from, to);
    s = sched_policy->give(cpu->id, dest, most);
    if (s) {
        ASSERT(sched_may_run_on(s, dest));
        sched_move(from, list_entry(s, struct vcpu, sched), dest);
        balanced(to, time_now_ns());
        __atomic_store_n(&to->ask_from, 0, __ATOMIC_RELAXED);
    }
    unlock_both(from, to);
    sched_room_give_back(s ? cpu->id : dest);
    if (s)
        sched_kick_cpu(dest, WORK_EVENT);
    return s != NULL;
}

/*
 * To an idle CPU, if there is one; to each in its turn, since some vCPUs may
 * not run on some. What waits on a CPU that runs nothing waits for something
 * else.
 */
static void give_to_idle(struct cpu_info *cpu, uint64_t now)
{
    uint32_t idle = __atomic_load_n(&idle_cpus, __ATOMIC_SEQ_CST);
    struct run_queue *q = cpu->queue;
    uint32_t later;

    idle &= ~(1u << cpu->id);
    if (idle == 0)
        return;
    later = idle & (UINT32_MAX - 1) << q->last_given;
    q->last_given = (unsigned int)__builtin_ctz(later ? later : idle);
    if (!give_one(cpu, q->last_given, UINT64_MAX))
        q->help_from = now + IN_VAIN_NS;
}

/* Whether this CPU may have one to give: it runs one, and another one waits. */
static bool can_give(const struct cpu_info *cpu)
{
    return cpu->current && sched_policy->give &&
           __atomic_load_n(&cpu->queue->nr_waiting, __ATOMIC_RELAXED) != 0;
}

void sched_help_idle(void)
{
    struct cpu_info *cpu = this_cpu();
    uint64_t now;

    if (!can_give(cpu))
        return;
    now = time_now_ns();
    if (now >= cpu->queue->help_from)
        give_to_idle(cpu, now);
}

/* Of those that have not refused, the one with the least to do, and of several
 * the first one after `last`. */
static unsigned int least_loaded(uint32_t refused, unsigned int last,
                                 uint64_t *least)
{
    unsigned int best = MAX_CPUS, nr = sched_nr_cpus();

    for (unsigned int i = 1; i <= nr; i++) {
        unsigned int cpu = (last + i) % nr;
        uint64_t load = refused >> cpu & 1 ? *least : sched_policy->load(cpu);

        if (load >= *least)
            continue;
        *least = load;
        best = cpu;
    }
    return best;
}

/*
 * The one that has least gets one, if it has no more then than this one has
 * now. So three equal ones on two CPUs take turns to be alone. If none of ours
 * may go there, it is another one's turn the next time.
 */
static void give_to_least(struct cpu_info *cpu)
{
    uint64_t load = sched_policy->load(cpu->id), least = load;
    struct run_queue *q = cpu->queue;
    unsigned int dest =
        least_loaded(q->refused | 1u << cpu->id, q->last_given, &least);

    if (dest == MAX_CPUS) {
        q->refused = 0;
        return;
    }
    q->last_given = dest;
    if (give_one(cpu, dest, load - least))
        q->refused = 0;
    else
        q->refused |= 1u << dest;
}

void sched_balance(uint64_t now)
{
    struct cpu_info *cpu = this_cpu();
    struct run_queue *q = cpu->queue;

    if (!can_give(cpu))
        return;
    if (now >= q->help_from)
        give_to_idle(cpu, now);
    if (now < __atomic_load_n(&q->balance_from, __ATOMIC_RELAXED))
        return;
    balanced(q, now);
    give_to_least(cpu);
}

/* Unless the last one that was asked, not long ago, gave none. */
static void ask(struct run_queue *q, unsigned int other)
{
    uint64_t now = time_now_ns();

    if (now < __atomic_load_n(&q->ask_from, __ATOMIC_RELAXED))
        return;
    __atomic_store_n(&q->ask_from, now + IN_VAIN_NS, __ATOMIC_RELAXED);
    apic_send(percpu_info(other)->apic_id, VECTOR_KICK);
}

/*
 * Who waits here is counted before that CPU looks for idle ones, and this one
 * counts as idle before it looks at the counts: so one of them sees the other.
 */
void sched_begin_idle(const struct cpu_info *cpu)
{
    uint32_t busiest = MAX_CPUS, most = 0;
    uint32_t idle =
        __atomic_or_fetch(&idle_cpus, 1u << cpu->id, __ATOMIC_SEQ_CST);

    for (unsigned int other = 0; other < sched_nr_cpus(); other++) {
        uint32_t nr =
            __atomic_load_n(&run_queues[other].nr_waiting, __ATOMIC_RELAXED);

        if (nr <= most || idle >> other & 1)
            continue;
        most = nr;
        busiest = other;
    }
    if (most != 0 && sched_policy->give)
        ask(cpu->queue, busiest);
}

void sched_end_idle(const struct cpu_info *cpu)
{
    __atomic_and_fetch(&idle_cpus, ~(1u << cpu->id), __ATOMIC_SEQ_CST);
}

/* ---- affinity ---- */

/* v may run where it is, after all. Its queue's lock is held. */
static void let_stay(struct run_queue *q, struct vcpu *v)
{
    v->sched.off &= ~SCHED_MOVES;
    list_remove(&v->sched.leave_node);
    if (sched_waits(v))
        sched_enqueue(q, v);
}

/* v is not to run where it is: it goes as soon as it does not. Likewise. */
static void send_to(struct run_queue *q, struct vcpu *v, unsigned int dest)
{
    if (sched_waits(v))
        sched_dequeue(q, v);
    v->sched.off |= SCHED_MOVES;
    __atomic_store_n(&v->sched.dest, dest, __ATOMIC_RELAXED);
    if (list_is_empty(&v->sched.leave_node))
        list_add_last(&q->leaving, &v->sched.leave_node);
}

/* *room is where there is room for v, if there is; -1 once it is v's. */
static int change_affinity(struct run_queue *q, struct vcpu *v, uint32_t mask,
                           int *room)
{
    bool moves = (v->sched.off & SCHED_MOVES) != 0;
    bool stays = mask >> v->sched.cpu & 1;

    if (v->sched.off & SCHED_ENDED)
        return -PARAPET_EBUSY;
    if (!stays && *room < 0)
        return *room;
    v->sched.affinity = mask;
    if (moves)
        sched_room_give_back(v->sched.dest);
    if (stays && moves) {
        let_stay(q, v);
    } else if (!stays) {
        send_to(q, v, (unsigned int)*room);
        *room = -1;
    }
    return 0;
}

int sched_set_affinity(struct vcpu *v, uint32_t mask)
{
    int room = sched_room_take(mask);
    struct run_queue *q;
    unsigned int cpu;
    int result;

    if (room == -PARAPET_EINVAL)
        return room;
    q = sched_lock_queue_of(v);
    cpu = v->sched.cpu;
    result = change_affinity(q, v, mask, &room);
    spin_unlock(&q->lock);
    if (room >= 0)
        sched_room_give_back((unsigned int)room);
    if (result == 0)
        sched_tell_cpu(cpu, v);
    return result;
}

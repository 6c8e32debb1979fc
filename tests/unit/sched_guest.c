/* SPDX-License-Identifier: MIT
 *
 * The guests of test_sched.c: an engine that only keeps count, and vCPUs that
 * send events, mask, block, yield, spin, set timers, bring up others, go down,
 * say who may run where and what a domain weighs, pause and end.
 */
#include "tests/unit/sched_guest.h"

#include "abi/domain.h"
#include "abi/errors.h"
#include "hypervisor/core/domain_end.h"
#include "hypervisor/core/event.h"
#include "hypervisor/core/hc_console.h"
#include "hypervisor/core/hypercall.h"
#include "hypervisor/engine/trap.h"
#include "hypervisor/sched/policy.h"
#include "hypervisor/sched/run_queue.h"
#include "hypervisor/sched/sched.h"

#define ENTRY PARAPET_KERNEL_START

struct guest guests[MAX_GUEST_DOMAINS + 1][MAX_GUEST_VCPUS];
enum guest_mood mood;
unsigned int end_rate;
unsigned int nr_moves_in_ten;

static unsigned int nr_ends_in_exit[MACHINE_MAX_CPUS];
static bool ports_made[MAX_GUEST_DOMAINS + 1];

/* ---- the engine: registers tell whose they are ---- */

static struct guest *guest_of(const struct vcpu *v)
{
    return &guests[v->domain->id][v->id];
}

static uint64_t tag_of(const struct vcpu *v)
{
    return ENTRY + v->domain->id * 64 + v->id;
}

static void fake_vcpu_start(struct vcpu *v, uint64_t entry, uint64_t stack,
                            uint64_t argument)
{
    CHECK(v->sched.state == VCPU_DOWN);
    CHECK(entry == ENTRY && stack == 0 && argument == 0);
    v->regs.rip = tag_of(v);
    v->event_entry = ENTRY;
}

static void fake_switch_in(struct vcpu *v)
{
    CHECK(!guest_of(v)->loaded);
    CHECK(v == vcpu_current() && v->sched.cpu == this_cpu()->id);
    CHECK(v->sched.running && !guest_of(v)->was_off);
    guest_of(v)->loaded = true;
}

static void fake_switch_out(struct vcpu *v)
{
    CHECK(guest_of(v)->loaded);
    CHECK(v->regs.rip == tag_of(v) && v->sched.running);
    CHECK(v->sched.cpu == this_cpu()->id);
    machine_pause(MACHINE_IN_HYPERVISOR);
    guest_of(v)->loaded = false;
}

/* However it ends, this vCPU leaves its CPU; the second time it had ended. */
static void end(struct vcpu *v, const struct cpu_regs *regs)
{
    for (int i = 0; i < 2; i++) {
        this_cpu()->exit_work &= ~WORK_RESCHEDULE;
        if (below(2) == 0)
            domain_kill(v, regs, "no stack");
        else
            domain_end(v->domain, PARAPET_SHUTDOWN_CRASH);
        CHECK(this_cpu()->exit_work & WORK_RESCHEDULE);
    }
}

/* Now and then the guest has no stack for the frame, which ends it. Others that
 * have none, either, do not end in the same exit, which would be long. */
static void fake_deliver_event(struct vcpu *v, struct cpu_regs *regs)
{
    CHECK(v == vcpu_current());
    if (!event_deliverable(v))
        return;
    CHECK(regs->rip == tag_of(v));
    if (mood == BUSY && below(2 * end_rate) == 0) {
        CHECK(nr_ends_in_exit[this_cpu()->id]++ == 0);
        end(v, regs);
        return;
    }
    CHECK(!guest_of(v)->in_handler);
    v->page->event_mask = 1;
    guest_of(v)->in_handler = true;
}

static void fake_domain_unload(struct domain *d)
{
    for (unsigned int i = 0; i < d->nr_vcpus; i++)
        CHECK(!guest_of(d->vcpus[i])->loaded);
}

static size_t fake_fetch_code(struct guest_code *code, uint64_t vaddr)
{
    (void)code;
    (void)vaddr;
    return 0;
}

/* How a CPU leaves the hypervisor. */
static void leave(struct cpu_regs *regs)
{
    nr_ends_in_exit[this_cpu()->id] = 0;
    guest_exit_work(regs);
}

static hypercall_handler_t *dispatch; /* nobody looks into it */

const struct engine guest_engine = {
    .name = "fake",
    .vcpu_size = sizeof(struct vcpu),
    .dispatch = &dispatch,
    .domain_unload = fake_domain_unload,
    .fetch_code = fake_fetch_code,
    .vcpu_start = fake_vcpu_start,
    .switch_in = fake_switch_in,
    .switch_out = fake_switch_out,
    .deliver_event = fake_deliver_event,
};

/* ---- the guests ---- */

static void unmask(struct vcpu *v)
{
    v->page->event_mask = 0;
    if (v->page->event_pending)
        (void)hc_event_check();
}

static void see_event(struct guest *guest, unsigned int i)
{
    guest->outstanding[i] = false;
    if (i == 1 && guest->timer <= machine_now)
        guest->timer = 0;
}

/* The upcall: takes the bits of its own ports that are not masked. */
static void handle_events(struct guest *guest)
{
    struct parapet_shared_page *shared = guest->v->domain->shared;
    uint64_t select;

    guest->v->page->event_pending = 0;
    select = guest->v->page->event_select;
    guest->v->page->event_select = 0;
    for (unsigned int i = 0; i < NR_PORTS_OF_VCPU; i++) {
        uint32_t word = guest->ports[i] / 64;
        uint64_t bit = 1ul << guest->ports[i] % 64;

        if (!(select >> word & 1) || (shared->event_mask[word] & bit) ||
            !(shared->event_pending[word] & bit))
            continue;
        shared->event_pending[word] &= ~bit;
        see_event(guest, i);
    }
    guest->in_handler = false;
    unmask(guest->v);
}

/* What the first vCPU of a domain does first. */
static void make_ports(struct domain *d)
{
    for (uint32_t vcpu = 0; vcpu < d->nr_vcpus; vcpu++) {
        int64_t ipi = hc_evtchn_bind_ipi(vcpu);
        int64_t timer = hc_evtchn_bind_virq(PARAPET_VIRQ_TIMER, vcpu);

        CHECK(ipi > 0 && timer > 0 && ipi != timer);
        guests[d->id][vcpu].ports[0] = (uint32_t)ipi;
        guests[d->id][vcpu].ports[1] = (uint32_t)timer;
    }
    ports_made[d->id] = true;
}

static uint32_t choose_port(const struct domain *d)
{
    struct guest *to = &guests[d->id][below(d->nr_vcpus)];
    unsigned int i = (unsigned int)below(NR_PORTS_OF_VCPU);

    to->outstanding[i] = true;
    return to->ports[i];
}

/* Any vCPU but the caller's, down or ended ones too; twice is as once. */
static void pause(const struct vcpu *self)
{
    const struct domain *d = domain_find(1 + (uint32_t)below(nr_domains));
    struct vcpu *v;
    unsigned int unpauses;

    if (!d || d->nr_vcpus == 0)
        return;
    v = d->vcpus[below(d->nr_vcpus)];
    if (v == self)
        return;
    unpauses = guest_of(v)->nr_unpauses;
    sched_pause(v);
    /* Unless somebody was or is about to unpause it meanwhile. */
    guest_of(v)->paused =
        unpauses % 2 == 0 && guest_of(v)->nr_unpauses == unpauses;
}

/* One at a time, so nr_unpauses is odd during it. */
static void unpause_vcpu(struct guest *guest)
{
    if (guest->nr_unpauses % 2 != 0)
        return;
    guest->paused = false;
    guest->was_off = false;
    guest->nr_unpauses++;
    sched_unpause(guest->v);
    guest->nr_unpauses++;
}

/* Some of them, or all. */
static void unpause(uint64_t one_in)
{
    for (unsigned int n = 0; n < nr_domains; n++) {
        const struct domain *d = domain_find(n + 1);

        for (unsigned int i = 0; d && i < d->nr_vcpus; i++) {
            if (below(one_in) == 0)
                unpause_vcpu(guest_of(d->vcpus[i]));
        }
    }
}

/* The one source of events, and of pauses, that is no guest. */
void hc_console_interrupt(void)
{
    struct domain *d = domain_find(1 + (uint32_t)below(nr_domains));

    if (mood == QUIET)
        unpause(1);
    else if (mood == BUSY && below(2) == 0)
        pause(NULL);
    else
        unpause(4);
    if (d && ports_made[d->id] && d->nr_vcpus > 0)
        (void)event_raise(d, choose_port(d));
}

static void mask_port(struct guest *guest)
{
    uint32_t port = guest->ports[below(NR_PORTS_OF_VCPU)];

    guest->v->domain->shared->event_mask[port / 64] |= 1ul << port % 64;
}

static void unmask_ports(struct guest *guest)
{
    for (unsigned int i = 0; i < NR_PORTS_OF_VCPU; i++)
        CHECK(hc_evtchn_unmask(guest->ports[i]) == 0);
}

static void set_timer(struct guest *guest)
{
    guest->timer = below(4) ? machine_now + below(3 * SCHED_SLICE_NS) : 0;
    (void)hc_set_timer(guest->timer);
}

static void bring_up(struct domain *d)
{
    uint32_t vcpu = (uint32_t)below(d->nr_vcpus + 1);
    int64_t result = hc_vcpu_up(vcpu, ENTRY, 0, 0);

    if (vcpu == d->nr_vcpus)
        CHECK(result == -PARAPET_ENOENT);
    else
        CHECK(result == 0 || result == -PARAPET_EEXIST ||
              result == -PARAPET_EAGAIN);
}

/* Its timer goes with it; it does what it likes until the exit is over. */
static void go_down(struct guest *guest)
{
    int64_t result = hc_vcpu_down();

    CHECK(result == 0 || result == -PARAPET_EBUSY);
    if (result != 0)
        return;
    CHECK(guest->v->timer.place == 0);
    guest->timer = 0;
    guest->outstanding[1] = false;
    guest->spins = false;
}

/* Of any vCPU, the own one too, down, paused and ended ones. */
static void change_affinity(void)
{
    const struct domain *d = domain_find(1 + (uint32_t)below(nr_domains));
    uint32_t mask = (uint32_t)below(1ul << (nr_cpus + 1));
    uint32_t real = mask & ((1u << nr_cpus) - 1);
    int result;

    if (!d || d->nr_vcpus == 0)
        return;
    result = sched_set_affinity(d->vcpus[below(d->nr_vcpus)], mask);
    CHECK(result == 0 || result == -PARAPET_EBUSY ||
          (result == -PARAPET_EINVAL && real == 0));
    CHECK(result != 0 || real != 0);
}

/* Of any domain, an ended one too. */
static void change_weight(void)
{
    struct domain *d = domain_find(1 + (uint32_t)below(nr_domains));

    if (d)
        sched_weigh(d, 1 + (uint32_t)below(PARAPET_MAX_WEIGHT),
                    below(2) ? 50 + (uint32_t)below(50) : 0);
}

static void do_something(struct guest *guest)
{
    struct domain *d = guest->v->domain;

    if (below(10) < nr_moves_in_ten) {
        if (below(3) == 0)
            set_timer(guest);
        else
            change_affinity();
        return;
    }
    switch (below(22)) {
    case 0 ... 3:
        CHECK(hc_evtchn_send(choose_port(d)) == 0);
        break;
    case 4:
        guest->v->page->event_mask = 1;
        break;
    case 5:
        unmask(guest->v);
        break;
    case 6 ... 7:
        (void)hc_block();
        break;
    case 8:
        (void)hc_halt(); /* whatever the mask is */
        break;
    case 9:
        (void)hc_yield();
        break;
    case 10:
        mask_port(guest);
        break;
    case 11:
        unmask_ports(guest);
        break;
    case 12:
        set_timer(guest);
        break;
    case 13:
        bring_up(d);
        break;
    case 14:
        pause(guest->v);
        break;
    case 15:
        unpause(2);
        break;
    case 16:
        guest->spins = below(4) == 0;
        break;
    case 17:
        go_down(guest);
        break;
    case 18 ... 19:
        change_affinity();
        break;
    case 20:
        change_weight();
        break;
    default:
        if (below(end_rate) == 0)
            (void)hc_shutdown((uint32_t)below(3));
        break;
    }
}

/* Events that come while a vCPU spins still reach it. */
static void guest_step(struct guest *guest)
{
    struct vcpu *v = guest->v;

    if (mood == TIMING)
        (void)hc_set_timer(1); /* it is up, whenever one looks */
    if (guest->in_handler) {
        handle_events(guest);
    } else if (!ports_made[v->domain->id]) {
        if (v->id == 0)
            make_ports(v->domain);
    } else if (mood == QUIET) {
        unmask_ports(guest);
        if (!v->domain->ended)
            (void)hc_block();
    } else if (mood == HIDING) {
        (void)hc_yield();
    } else if (mood == WEIGHING) {
        sched_weigh(domains[0], PARAPET_DEFAULT_WEIGHT + (uint32_t)below(2), 0);
    } else if (mood == YIELDING || mood == TIMING) {
        if (v->domain == domains[0])
            (void)hc_shutdown(PARAPET_SHUTDOWN_POWEROFF);
        else if (mood == YIELDING)
            (void)hc_yield();
    } else if (guest->spins || mood == SPINNING) {
        guest->spins = below(500) != 0;
    } else {
        do_something(guest);
    }
}

static void check_guest_runs(const struct cpu_info *cpu,
                             const struct cpu_regs *regs)
{
    struct vcpu *v = cpu->current;

    CHECK(v && v->sched.state == VCPU_RUNNABLE && v->sched.cpu == cpu->id);
    CHECK(list_is_empty(&v->sched.arrive_node));
    CHECK(sched_may_run_on(&v->sched, cpu->id) || v->sched.off & SCHED_MOVES);
    CHECK(v->timer.place == 0 ||
          run_queues[cpu->id].timers.heap[v->timer.place] == &v->timer);
    CHECK(guest_of(v)->loaded);
    CHECK(regs->rip == tag_of(v));
    CHECK(regs->r15 == guest_of(v)->nr_steps);
    CHECK(cpu->dispatch == v->domain->dispatch);
    CHECK(cpu->vcpu_page == (uint8_t *)v->page);
    CHECK(cpu->counters == (uint64_t *)v->counters);
}

static void run_guest(struct cpu_info *cpu, struct cpu_regs *regs)
{
    struct guest *guest = guest_of(cpu->current);

    guest->nr_steps++;
    regs->r15++;
    guest_step(guest);
    if (cpu->exit_work)
        leave(regs);
}

void guest_cpu_main(void)
{
    struct cpu_info *cpu = this_cpu();
    struct cpu_regs *regs = guest_regs_of(cpu);

    for (unsigned int i = 0; cpu->id == 0 && i < nr_domains; i++) {
        guest_engine.vcpu_start(domains[i]->vcpus[0], ENTRY, 0, 0);
        sched_start(domains[i]->vcpus[0]);
    }
    leave(regs);
    for (;;) {
        machine_pause(MACHINE_IN_GUEST);
        check_guest_runs(cpu, regs);
        if (mood == HIDING) {
            run_guest(cpu, regs);
            check_guest_runs(cpu, regs);
        }
        regs->vector = below(2) ? machine_take_interrupt() : 0;
        if (regs->vector) {
            uint64_t quiet = cpu->quiet;

            interrupt_from_guest(regs);
            CHECK(cpu->quiet == quiet + 1);
            leave(regs);
            continue;
        }
        if (mood != HIDING)
            run_guest(cpu, regs);
    }
}

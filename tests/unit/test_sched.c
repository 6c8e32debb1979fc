/* SPDX-License-Identifier: MIT
 *
 * hypervisor/sched/sched.c, with the hypercalls, events and ends of domains
 * that move vCPUs, on a machine whose CPUs interleave at random. Each seed is
 * a machine with some domains, in a process of its own. The guests send
 * events, mask, block, yield, spin, set timers, bring up vCPUs and end; after
 * every step the queues must be sound, and in the end, when the guests do
 * nothing but handle events and block, no event may be left.
 */
#include "tests/unit/machine.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/errors.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/elf.h"
#include "hypervisor/core/event.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/hc_console.h"
#include "hypervisor/core/hypercall.h"
#include "hypervisor/core/log.h"
#include "hypervisor/core/panic.h"
#include "hypervisor/engine/engine.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/x86/trap.h"
#include "lib/macros.h"

#define NR_SEEDS 100
#define NR_STEPS 3000
#define MAX_DOMAINS 4
#define MAX_VCPUS 4
#define NR_PORTS_OF_VCPU 2 /* an IPI's and the timer's */
#define MAX_STEP_NS 100000 /* a hundredth of a slice */
#define STEPS_IN_SLICE 20
#define ENTRY PARAPET_KERNEL_START

/* What a guest knows of a vCPU of its own. */
struct guest {
    struct vcpu *v;
    uint64_t nr_steps;
    bool loaded;     /* between switch_in and switch_out */
    bool in_handler; /* an event upcall is being handled */
    bool spins;
    uint32_t ports[NR_PORTS_OF_VCPU];
    bool outstanding[NR_PORTS_OF_VCPU]; /* sent to, and not seen yet */
    uint64_t timer;                     /* set to, and not seen yet */
};

static struct guest guests[MAX_DOMAINS][MAX_VCPUS];
static bool ports_made[MAX_DOMAINS];
static hypercall_handler_t *dispatch; /* nobody looks into it */
static unsigned int nr_cpus;
static unsigned int seed;
static uint64_t random_state;
static unsigned int end_rate; /* one in so many chances to end is taken */

/* What the guests do: all there is, only handle events and block, or spin. */
static enum { BUSY, QUIET, SPINNING } mood;

/* ---- how it ends ---- */

static _Noreturn void failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: seed %u: %s\n", file, line, seed, what);
    _exit(1);
}

#define CHECK(condition)                                                       \
    do {                                                                       \
        if (!(condition))                                                      \
            failed(__FILE__, __LINE__, #condition);                            \
    } while (0)

/* The last domain has ended. */
_Noreturn void machine_end(enum machine_end how)
{
    bool success = true;

    for (unsigned int i = 0; i < nr_domains; i++) {
        CHECK(domains[i]->ended);
        success &= domains[i]->end_reason == PARAPET_SHUTDOWN_POWEROFF;
    }
    CHECK(how == (success ? MACHINE_END_SUCCESS : MACHINE_END_DOMAIN_FAILED));
    _exit(0);
}

_Noreturn void panic(const char *format, ...)
{
    failed("panic", 0, format);
}

_Noreturn void panic_regs(const struct cpu_regs *regs, const char *format, ...)
{
    (void)regs;
    failed("panic", 0, format);
}

/* ---- what the sources want to have, and do not use here ---- */

const char hv_ex_table[1];
const char hv_ex_table_end[1];

void panic_stopped(void)
{
}

void log_line(enum log_level level, const char *format, ...)
{
    (void)level;
    (void)format;
}

void log_domain(enum log_level level, const struct domain *domain,
                const char *format, ...)
{
    (void)domain;
    (void)level;
    (void)format;
}

void log_vcpu(enum log_level level, const struct vcpu *vcpu, const char *format,
              ...)
{
    (void)vcpu;
    (void)level;
    (void)format;
}

size_t guest_fetch_code(struct guest_code *code, uint64_t vaddr)
{
    (void)code;
    (void)vaddr;
    return 0;
}

bool elf_symbol(const void *elf, size_t size, uint64_t vaddr, char *name,
                size_t name_size, uint64_t *offset)
{
    (void)elf;
    (void)size;
    (void)vaddr;
    (void)name;
    (void)name_size;
    (void)offset;
    return false;
}

/* ---- the engine: registers tell whose they are ---- */

static uint64_t below(uint64_t limit)
{
    return unit_random(&random_state) % limit;
}

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
    CHECK(v->state == VCPU_DOWN);
    CHECK(entry == ENTRY && stack == 0 && argument == 0);
    v->regs.rip = tag_of(v);
    v->event_entry = ENTRY;
}

static void fake_switch_in(struct vcpu *v)
{
    CHECK(!guest_of(v)->loaded);
    CHECK(v == vcpu_current() && v->cpu == this_cpu()->id);
    guest_of(v)->loaded = true;
}

static void fake_switch_out(struct vcpu *v)
{
    CHECK(guest_of(v)->loaded);
    CHECK(v->regs.rip == tag_of(v));
    guest_of(v)->loaded = false;
}

/* Now and then the guest has no stack for the frame, which ends it. */
static void fake_deliver_event(struct vcpu *v, struct cpu_regs *regs)
{
    CHECK(v == vcpu_current() && event_deliverable(v));
    CHECK(regs->rip == tag_of(v));
    if (mood == BUSY && below(2 * end_rate) == 0) {
        this_cpu()->exit_work |= WORK_RESCHEDULE;
        domain_end(v->domain, PARAPET_SHUTDOWN_CRASH);
        return;
    }
    CHECK(!guest_of(v)->in_handler);
    v->page->event_mask = 1;
    guest_of(v)->in_handler = true;
}

static const struct engine engine = {
    .name = "fake",
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

/* The one source of events that is no guest. */
void hc_console_interrupt(void)
{
    struct domain *d = domains[below(nr_domains)];

    if (ports_made[d->id])
        event_raise(d, choose_port(d));
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
        CHECK(result == 0 || result == -PARAPET_EEXIST);
}

static void do_something(struct guest *guest)
{
    struct domain *d = guest->v->domain;

    switch (below(16)) {
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
        sched_block(guest->v); /* an hlt, whatever the mask is */
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
        guest->spins = below(4) == 0;
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

    if (guest->in_handler) {
        handle_events(guest);
    } else if (!ports_made[v->domain->id]) {
        if (v->id == 0)
            make_ports(v->domain);
    } else if (mood == QUIET) {
        unmask_ports(guest);
        if (!v->domain->ended)
            (void)hc_block();
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

    CHECK(v && v->state == VCPU_RUNNABLE);
    CHECK(guest_of(v)->loaded);
    CHECK(regs->rip == tag_of(v));
    CHECK(regs->r15 == guest_of(v)->nr_steps);
    CHECK(cpu->dispatch == v->domain->dispatch);
    CHECK(cpu->vcpu_page == (uint8_t *)v->page);
    CHECK(cpu->counters == (uint64_t *)v->counters);
}

static void cpu_main(void)
{
    struct cpu_info *cpu = this_cpu();
    struct cpu_regs regs = {0};

    for (unsigned int i = 0; cpu->id == 0 && i < nr_domains; i++) {
        engine.vcpu_start(domains[i]->vcpus[0], ENTRY, 0, 0);
        sched_start(domains[i]->vcpus[0]);
    }
    guest_exit_work(&regs);
    for (;;) {
        machine_pause(MACHINE_IN_GUEST);
        check_guest_runs(cpu, &regs);
        regs.vector = below(2) ? machine_take_interrupt() : 0;
        if (regs.vector) {
            interrupt_from_guest(&regs);
            guest_exit_work(&regs);
            continue;
        }
        guest_of(cpu->current)->nr_steps++;
        regs.r15++;
        guest_step(guest_of(cpu->current));
        if (cpu->exit_work)
            guest_exit_work(&regs);
    }
}

/* ---- what must hold at every pause: no queue's lock is taken then ---- */

static bool is_queued(const struct vcpu *v)
{
    return !list_is_empty(&v->queue_node);
}

static const struct vcpu *vcpu_at(const struct list_node *node)
{
    for (unsigned int d = 0; d < nr_domains; d++) {
        for (unsigned int i = 0; i < domains[d]->nr_vcpus; i++) {
            if (node == &domains[d]->vcpus[i]->queue_node)
                return domains[d]->vcpus[i];
        }
    }
    return NULL;
}

/* The ring that v is in: sound, of its CPU only, with one head, the queue. */
static void check_ring(const struct vcpu *v, const struct list_node *heads[])
{
    const struct list_node *node = &v->queue_node;
    const struct list_node *head = NULL;

    for (int n = 0; n == 0 || node != &v->queue_node; n++) {
        const struct vcpu *at = vcpu_at(node);

        CHECK(n <= MAX_DOMAINS * MAX_VCPUS);
        CHECK(node->next->prev == node);
        CHECK(at || !head);
        CHECK(!at || at->cpu == v->cpu);
        if (!at)
            head = node;
        node = node->next;
    }
    CHECK(head && (!heads[v->cpu] || heads[v->cpu] == head));
    heads[v->cpu] = head;
}

static void check_vcpu(struct vcpu *v, const struct list_node *heads[])
{
    bool current = percpu_info(v->cpu)->current == v;

    for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
        CHECK(cpu == v->cpu || percpu_info(cpu)->current != v);
    switch (v->state) {
    case VCPU_RUNNABLE:
        CHECK(is_queued(v) != current);
        break;
    case VCPU_BLOCKED:
        CHECK(!is_queued(v));
        break;
    case VCPU_DOWN:
        CHECK(!is_queued(v) && !current);
        break;
    case VCPU_ENDED:
        CHECK(!is_queued(v) && !current && v->domain->ended);
        break;
    }
    if (is_queued(v))
        check_ring(v, heads);
}

/*
 * What a CPU that runs a guest, or idles, has seen to; unless an interrupt is
 * on its way to it, or another CPU is still at something.
 */
static void check_at_rest(unsigned int cpu, const struct list_node *head)
{
    const struct cpu_info *info = percpu_info(cpu);
    const struct vcpu *v = info->current;

    if (machine_is_interrupted(cpu))
        return;
    if (machine_place(cpu) == MACHINE_IDLE) {
        CHECK(!v && !head);
        return;
    }
    CHECK(!v->domain->ended);
    CHECK(!event_deliverable(v));
    /* Others wait: the timer will come. */
    CHECK(!head || (info->slice_end != 0 && machine_timer(cpu) != 0 &&
                    machine_timer(cpu) <= info->slice_end));
}

static bool all_at_rest(void)
{
    for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
        if (machine_place(cpu) == MACHINE_IN_HYPERVISOR)
            return false;
    }
    return true;
}

static void check_machine(void)
{
    const struct list_node *heads[MACHINE_MAX_CPUS] = {NULL};

    for (unsigned int d = 0; d < nr_domains; d++) {
        for (unsigned int i = 0; i < domains[d]->nr_vcpus; i++)
            check_vcpu(domains[d]->vcpus[i], heads);
    }
    for (unsigned int cpu = 0; all_at_rest() && cpu < nr_cpus; cpu++)
        check_at_rest(cpu, heads[cpu]);
}

/* ---- one machine ---- */

/* The ports are spread over all words. */
static void create_domain(unsigned int id)
{
    struct domain *d = domain_create(id, "d", 1 + (unsigned int)below(4));

    CHECK(d);
    d->engine = &engine;
    d->dispatch = &dispatch;
    for (size_t word = 0; word < PARAPET_NR_PORTS / 64; word++)
        d->ports_used[word] |= ~(1ul << below(64) | 1ul << below(64));
    d->ports_used[0] |= 1;
    for (unsigned int i = 0; i < d->nr_vcpus; i++) {
        guests[id][i].v = d->vcpus[i];
        sched_assign(d->vcpus[i], nr_cpus);
    }
}

/* Most CPUs stay at what they are at for a while, now and then for long. */
static void run_a_step(void)
{
    static unsigned int cpu;

    if (below(4) == 0)
        cpu = (unsigned int)below(nr_cpus);
    machine_run(cpu);
    machine_now += below(MAX_STEP_NS);
    check_machine();
}

static bool nothing_to_do(void)
{
    for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
        if (machine_place(cpu) != MACHINE_IDLE || machine_timer(cpu) != 0 ||
            machine_is_interrupted(cpu))
            return false;
    }
    return true;
}

static bool port_is_masked(const struct domain *d, uint32_t port)
{
    return d->shared->event_mask[port / 64] >> port % 64 & 1;
}

static void check_nothing_lost(const struct guest *guest)
{
    const struct vcpu *v = guest->v;

    CHECK(!guest->loaded);
    if (v->domain->ended) {
        CHECK(v->state != VCPU_RUNNABLE);
        return;
    }
    if (v->state == VCPU_DOWN)
        return;
    CHECK(v->state == VCPU_BLOCKED);
    CHECK(!v->page->event_pending);
    CHECK(guest->timer == 0 || port_is_masked(v->domain, guest->ports[1]));
    for (unsigned int i = 0; i < NR_PORTS_OF_VCPU; i++)
        CHECK(!guest->outstanding[i] ||
              port_is_masked(v->domain, guest->ports[i]));
}

static void create_machine(void)
{
    unsigned int nr;

    random_state = seed * 0x9e3779b97f4a7c15;
    nr_cpus = 1 + (unsigned int)below(MACHINE_MAX_CPUS);
    nr = 1 + (unsigned int)below(MAX_DOMAINS);
    end_rate = 2u << below(10);
    machine_create(nr_cpus, cpu_main);
    for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
        sched_init_cpu(cpu);
    for (unsigned int id = 0; id < nr; id++)
        create_domain(id);
}

static void run_busy_machine(void)
{
    bool all_ended = true;

    for (int step = 0; step < NR_STEPS; step++) {
        if (below(50) == 0)
            machine_receive((unsigned int)below(nr_cpus));
        run_a_step();
    }
    mood = QUIET;
    for (int step = 0; !nothing_to_do(); step++) {
        CHECK(step < 20 * NR_STEPS);
        run_a_step();
    }
    for (unsigned int id = 0; id < nr_domains; id++) {
        all_ended &= domains[id]->ended != 0;
        for (unsigned int i = 0; i < domains[id]->nr_vcpus; i++)
            check_nothing_lost(&guests[id][i]);
    }
    CHECK(!all_ended); /* machine_end() was to be called */
}

/*
 * Those that only spin share their CPU: each has had as many steps as any
 * other of it, give or take a fifth (what switches take varies) and two
 * slices. All CPUs run at the same speed.
 */
static void run_spinning_machine(void)
{
    uint64_t least[MACHINE_MAX_CPUS];
    uint64_t most[MACHINE_MAX_CPUS] = {0};

    mood = SPINNING;
    memset(least, 0xff, sizeof(least));
    for (unsigned int step = 0; step < NR_STEPS; step++) {
        machine_run(step % nr_cpus);
        check_machine();
        if (step % nr_cpus == 0)
            machine_now += SCHED_SLICE_NS / STEPS_IN_SLICE;
    }
    for (unsigned int id = 0; id < nr_domains; id++) {
        const struct guest *guest = &guests[id][0];

        least[guest->v->cpu] = MIN(least[guest->v->cpu], guest->nr_steps);
        most[guest->v->cpu] = MAX(most[guest->v->cpu], guest->nr_steps);
    }
    for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
        if (most[cpu] > 0)
            CHECK(most[cpu] - least[cpu] <=
                  least[cpu] / 5 + 2 * STEPS_IN_SLICE);
    }
}

/* Runs a machine for each seed, in a process that ends with it. */
static void run_machines(void (*run)(void))
{
    for (seed = 1; seed <= NR_SEEDS; seed++) {
        int status = -1;
        pid_t child = fork();

        assert_true(child >= 0);
        if (child == 0) {
            create_machine();
            run();
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        if (status != 0)
            fail_msg("seed %u: status %x", seed, (unsigned int)status);
    }
}

static void test_busy_machines(void **state)
{
    (void)state;
    run_machines(run_busy_machine);
}

static void test_spinning_machines(void **state)
{
    (void)state;
    run_machines(run_spinning_machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_busy_machines),
        cmocka_unit_test(test_spinning_machines),
    };

    return cmocka_run_group_tests_name("sched", tests, NULL, NULL);
}

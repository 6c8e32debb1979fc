/* SPDX-License-Identifier: MIT
 *
 * hypervisor/sched/sched.c, with the hypercalls, events and ends of domains
 * that move vCPUs, on a machine whose CPUs interleave at random. Each seed is
 * a machine with some domains, in a process of its own. The guests send
 * events, mask, block, yield, spin, set timers, bring up vCPUs and go down, say
 * on which CPUs any may run, pause each other and end; after every step the
 * queues must be sound, and in the end, when the guests do nothing but handle
 * events and block, no event may be left. This must hold with each policy of
 * sched/policies.def. SCHED_SEEDS=N of the environment takes N seeds.
 */
#include "tests/unit/sched_guest.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/domain.h"
#include "abi/errors.h"
#include "hypervisor/base/panic.h"
#include "hypervisor/core/domain_create.h"
#include "hypervisor/core/domain_teardown.h"
#include "hypervisor/mm/audit.h"
#include "hypervisor/sched/policy.h"
#include "hypervisor/sched/run_queue.h"
#include "hypervisor/sched/sched.h"
#include "lib/macros.h"

#define NR_SEEDS 30
#define MAX_STEP_NS 100000 /* a hundredth of a slice */

unsigned int nr_cpus;
struct domain *domains[MAX_GUEST_DOMAINS];
unsigned int nr_domains;

/* Ports that only look as if they were used. */
static uint64_t taken[MAX_GUEST_DOMAINS][PARAPET_NR_PORTS / 64];

/* Of each, from its end on: it may be gone. */
static bool ended[MAX_GUEST_DOMAINS];
static bool success[MAX_GUEST_DOMAINS];

static unsigned int seed;
static uint64_t random_state;

uint64_t below(uint64_t limit)
{
    return unit_random(&random_state) % limit;
}

/* ---- how it ends ---- */

_Noreturn void failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: seed %u: %s\n", file, line, seed, what);
    _exit(1);
}

/* A domain that is gone is not touched any more. */
static void look_at_ended(void)
{
    for (uint32_t i = 0; i < nr_domains; i++) {
        if (!domain_find(i + 1) && !domain_find_leaving(i + 1))
            domains[i] = NULL;
        if (!domains[i] || !domains[i]->ended)
            continue;
        for (size_t word = 0; !ended[i] && word < PARAPET_NR_PORTS / 64; word++)
            domains[i]->ports.used[word] &= ~taken[i][word];
        ended[i] = true;
        success[i] = domains[i]->end_reason == PARAPET_SHUTDOWN_POWEROFF;
    }
}

/* The last domain has ended. */
_Noreturn void machine_end(enum machine_end how)
{
    bool all = true;

    look_at_ended();
    for (unsigned int i = 0; i < nr_domains; i++) {
        CHECK(ended[i]);
        all &= success[i];
    }
    CHECK(how == (all ? MACHINE_END_SUCCESS : MACHINE_END_DOMAIN_FAILED));
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

/* Memory is not what this is about: audit_enabled is off. */
uint64_t audit_memory(struct memory_owner *m, const struct audit_hold *holds,
                      size_t nr_holds)
{
    (void)m;
    (void)holds;
    (void)nr_holds;
    failed("audit_memory", 0, "nobody asked for an audit");
}

/* ---- one machine ---- */

/* The ports are spread over all words. */
static void create_domain(void)
{
    const char name[] = {(char)('a' + nr_domains), '\0'};
    const struct domain_settings settings = {
        .name = name,
        .engine = &guest_engine,
        .nr_vcpus = 1 + (unsigned int)below(MAX_GUEST_VCPUS),
        .weight = 1 + (uint32_t)below(PARAPET_MAX_WEIGHT),
    };
    mfn_t mfns[VCPU_PAGES];
    struct domain *d;

    CHECK(domain_create(&settings, &d) == 0);
    domains[nr_domains] = d;
    while (d->nr_vcpus < d->max_vcpus)
        CHECK(domain_vcpu_create(d, 0, mfns) == 0);
    for (size_t word = 0; word < PARAPET_NR_PORTS / 64; word++) {
        taken[nr_domains][word] =
            ~(1ul << below(64) | 1ul << below(64) | d->ports.used[word]);
        d->ports.used[word] |= taken[nr_domains][word];
    }
    nr_domains++;
    for (unsigned int i = 0; i < d->nr_vcpus; i++)
        guests[d->id][i].v = d->vcpus[i];
}

/* Most CPUs stay at what they are at for a while, now and then for long. */
static void run_a_step(void)
{
    static unsigned int cpu;

    if (below(4) == 0)
        cpu = (unsigned int)below(nr_cpus);
    machine_run(cpu);
    machine_now += below(MAX_STEP_NS);
    look_at_ended();
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

static void create_machine(void)
{
    unsigned int nr;

    random_state = seed * 0x9e3779b97f4a7c15;
    nr_cpus = 1 + (unsigned int)below(MACHINE_MAX_CPUS);
    nr = 1 + (unsigned int)below(MAX_GUEST_DOMAINS);
    end_rate = 2u << below(10);
    machine_create(nr_cpus, guest_cpu_main);
    domain_teardown_init(nr_cpus);
    for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
        sched_init_cpu(cpu);
    while (nr_domains < nr)
        create_domain();
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
    /* Twice: somebody may have been about to pause another. */
    for (int round = 0; round < 2; round++) {
        machine_receive(0); /* nobody is paused any more */
        for (int step = 0; !nothing_to_do(); step++) {
            CHECK(step < 20 * NR_STEPS);
            run_a_step();
        }
    }
    for (unsigned int n = 0; n < nr_domains; n++) {
        all_ended &= ended[n];
        CHECK(ended[n] == !domains[n]);
        for (unsigned int i = 0; domains[n] && i < domains[n]->nr_vcpus; i++)
            check_nothing_lost(&guests[domains[n]->id][i]);
    }
    CHECK(!all_ended); /* machine_end() was to be called */
}

/*
 * A dead domain is taken apart whatever the others do: each has its CPU for
 * itself again and again, and no slice of theirs ever ends.
 */
static void run_yielding_machine(void)
{
    mood = YIELDING;
    for (unsigned int step = 0; step < NR_STEPS; step++) {
        machine_run(step % nr_cpus);
        look_at_ended();
        check_machine();
        if (step % nr_cpus == 0)
            machine_now += SCHED_SLICE_NS / STEPS_IN_SLICE;
    }
    CHECK(domain_nr_dead == 0 && domains[0] == NULL);
}

/* Shorter than the pause between two interrupts for timers. */
#define TIMING_STEP_NS 4000

/* Nor does a guest put that off whose own timer is always due: what goes by
 * itself has begun after two slices' time. */
static void run_timing_machine(void)
{
    const uint64_t end = machine_now + 2 * SCHED_SLICE_NS;

    mood = TIMING;
    for (unsigned int step = 0; machine_now < end; step++) {
        machine_run(step % nr_cpus);
        look_at_ended();
        check_machine();
        if (step % nr_cpus == 0)
            machine_now += TIMING_STEP_NS;
    }
    CHECK(!domains[0] || (ended[0] && domains[0]->teardown > TEARDOWN_LEAVE));
}

static unsigned int nr_assigned[MACHINE_MAX_CPUS];

/* One more, to a CPU that has the fewest. */
static void assign(struct vcpu *v)
{
    CHECK(sched_assign(v) == 0);
    CHECK(v->sched.cpu < nr_cpus);
    for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
        CHECK(nr_assigned[cpu] >= nr_assigned[v->sched.cpu]);
    nr_assigned[v->sched.cpu]++;
}

/* It is refused, and v may run where it could before. */
static void check_affinity_without_room(struct vcpu *v)
{
    uint32_t others = ((1u << nr_cpus) - 1) & ~(1u << v->sched.cpu);
    int expected = others ? -PARAPET_ENOSPC : -PARAPET_EINVAL;

    CHECK(sched_set_affinity(v, others) == expected);
    CHECK(v->sched.affinity == UINT32_MAX && v->sched.off == 0);
}

/* All that there is room for, and one more once another has gone. */
static void run_full_machine(void)
{
    static struct vcpu vcpus[MACHINE_MAX_CPUS * SCHED_MAX_VCPUS + 1];
    size_t room = nr_cpus * SCHED_MAX_VCPUS, nr = 0;
    struct vcpu *any;

    for (unsigned int n = 0; n < nr_domains; n++) {
        for (unsigned int i = 0; i < domains[n]->nr_vcpus; i++) {
            nr_assigned[domains[n]->vcpus[i]->sched.cpu]++;
            room--;
        }
    }
    while (nr < room)
        assign(&vcpus[nr++]);
    CHECK(sched_assign(&vcpus[nr]) == -PARAPET_ENOSPC);
    check_affinity_without_room(domains[0]->vcpus[0]);
    any = &vcpus[below(nr)];
    sched_unassign(any);
    sched_unassign(any); /* it has none: nothing */
    nr_assigned[any->sched.cpu]--;
    assign(&vcpus[nr]);
    CHECK(vcpus[nr].sched.cpu == any->sched.cpu);
    CHECK(sched_assign(any) == -PARAPET_ENOSPC);
}

static unsigned long nr_seeds(void)
{
    const char *text = getenv("SCHED_SEEDS");

    return text ? strtoul(text, NULL, 10) : NR_SEEDS;
}

/* Runs a machine for each seed, in a process that ends with it. */
static void run_machines(void (*run)(void))
{
    unsigned long last = nr_seeds();

    assert_true(last > 0);
    for (seed = 1; seed <= last; seed++) {
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

/* With every policy that there is. */
static void test_busy_machines(void **state)
{
    const char *name;

    (void)state;
    for (size_t n = 0; (name = sched_policy_name(n)) != NULL; n++) {
        print_message("busy machines with sched=%s\n", name);
        assert_true(sched_set_policy(name));
        run_machines(run_busy_machine);
    }
}

/* The same where vCPUs are moved all the time. */
static void test_moving_machines(void **state)
{
    const char *name;

    (void)state;
    nr_moves_in_ten = 8;
    for (size_t n = 0; (name = sched_policy_name(n)) != NULL; n++) {
        print_message("moving machines with sched=%s\n", name);
        assert_true(sched_set_policy(name));
        run_machines(run_busy_machine);
    }
    nr_moves_in_ten = 0;
}

static void test_spinning_machines(void **state)
{
    (void)state;
    assert_true(sched_set_policy("round_robin"));
    run_machines(run_spinning_machine);
}

static void test_balancing_machines(void **state)
{
    (void)state;
    assert_true(sched_set_policy("round_robin"));
    run_machines(run_balancing_machine);
}

/* With those policies that promise it. */
static void run_fair_machines(const char *what, void (*run)(void))
{
    static const char *const names[] = {"fair", "round_robin"};

    for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
        print_message("%s machines with sched=%s\n", what, names[n]);
        assert_true(sched_set_policy(names[n]));
        run_machines(run);
    }
}

static void test_hiding_machines(void **state)
{
    (void)state;
    run_fair_machines("hiding", run_hiding_machine);
}

static void test_weighing_machines(void **state)
{
    (void)state;
    run_fair_machines("weighing", run_weighing_machine);
}

static void test_lone_yielder(void **state)
{
    (void)state;
    assert_true(sched_set_policy("round_robin"));
    run_machines(run_lone_yielder);
}

static void test_yielding_machines(void **state)
{
    (void)state;
    assert_true(sched_set_policy("round_robin"));
    run_machines(run_yielding_machine);
}

static void test_timing_machines(void **state)
{
    (void)state;
    assert_true(sched_set_policy("round_robin"));
    run_machines(run_timing_machine);
}

static void test_flapping_machines(void **state)
{
    (void)state;
    assert_true(sched_set_policy("fair"));
    run_machines(run_flapping_machine);
}

static void test_full_machines(void **state)
{
    (void)state;
    /* 512 domains fit on one CPU. */
    assert_true(SCHED_MAX_VCPUS >= MAX_DOMAINS);
    run_machines(run_full_machine);
}

/* Each name leads to a policy of its own, and no other name to any. */
static void test_policies(void **state)
{
    const struct sched_policy *last = NULL, *first;
    char text[256] = "";
    const char *name;

    (void)state;
    assert_string_equal(sched_policy_name(0), "fair");
    first = sched_policy; /* before any was set */
    assert_true(sched_set_policy("fair"));
    assert_ptr_equal(sched_policy, first);
    for (size_t n = 0; (name = sched_policy_name(n)) != NULL; n++) {
        assert_true(sched_set_policy(name));
        assert_ptr_not_equal(sched_policy, last);
        last = sched_policy;
        assert_false(sched_set_policy(""));
        assert_false(sched_set_policy("round_robins"));
        assert_ptr_equal(sched_policy, last);
        strcat(text, n > 0 ? " or " : "");
        strcat(text, name);
    }
    assert_string_equal(SCHED_POLICY_NAMES, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_busy_machines),
        cmocka_unit_test(test_moving_machines),
        cmocka_unit_test(test_spinning_machines),
        cmocka_unit_test(test_balancing_machines),
        cmocka_unit_test(test_hiding_machines),
        cmocka_unit_test(test_weighing_machines),
        cmocka_unit_test(test_lone_yielder),
        cmocka_unit_test(test_yielding_machines),
        cmocka_unit_test(test_timing_machines),
        cmocka_unit_test(test_flapping_machines),
        cmocka_unit_test(test_full_machines),
    };

    return cmocka_run_group_tests_name("sched", tests, NULL, NULL);
}

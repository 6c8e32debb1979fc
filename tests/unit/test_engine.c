/* SPDX-License-Identifier: MIT
 *
 * A second engine, which does nothing but count what it is asked: this file is
 * all that it takes. The shared code is linked with it and with no file of the
 * pv engine, runs a domain, and comes to it by struct engine alone.
 */
#include "tests/unit/machine.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "abi/errors.h"
#include "hypervisor/base/panic.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/domain_create.h"
#include "hypervisor/core/domain_end.h"
#include "hypervisor/core/engine.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/hc_console.h"
#include "hypervisor/core/hypercall.h"
#include "hypervisor/core/memory.h"
#include "hypervisor/engine/trap.h"
#include "hypervisor/mm/audit.h"
#include "hypervisor/sched/sched.h"
#include "lib/macros.h"

#define ENTRY 0x1000
#define GUEST_VADDR 0x2000
#define CODE_SIZE 5
#define HELD_MFN 0x77

/* A vCPU of it is as large as one may be, and of a kind of its own. */
struct nothing_vcpu {
    struct vcpu vcpu;
    uint8_t own[PAGE_SIZE - sizeof(struct vcpu) - sizeof(uint64_t)];
    int tag;
};

_Static_assert(sizeof(struct nothing_vcpu) == PAGE_SIZE, "it is a page");

static struct domain *domain;

/* How often each was asked. */
static struct {
    int started;
    int switched_in;
    int switched_out;
    int exceptions;
    int traps;
    int asked_for_events;
    int copied_in;
    int copied_out;
    int fetched;
    int audited;
    int unloaded;
} nr;

static bool machine_ended;

/* ---- the engine ---- */

static void nothing_vcpu_start(struct vcpu *v, uint64_t entry, uint64_t stack,
                               uint64_t argument)
{
    (void)stack;
    (void)argument;
    v->regs.rip = entry;
    container_of(v, struct nothing_vcpu, vcpu)->tag = ++nr.started;
}

static void nothing_switch_in(struct vcpu *v)
{
    (void)v;
    nr.switched_in++;
}

static void nothing_switch_out(struct vcpu *v)
{
    (void)v;
    nr.switched_out++;
}

static bool nothing_exception(struct cpu_regs *regs)
{
    (void)regs;
    nr.exceptions++;
    return true;
}

static void nothing_trap(struct vcpu *v, struct cpu_regs *regs)
{
    (void)v;
    (void)regs;
    nr.traps++;
}

static void nothing_deliver_event(struct vcpu *v, struct cpu_regs *regs)
{
    (void)v;
    (void)regs;
    nr.asked_for_events++;
}

static int nothing_copy_from_guest(void *to, uint64_t from, size_t nr_bytes)
{
    nr.copied_in++;
    memset(to, (int)nr_bytes, nr_bytes);
    return from == GUEST_VADDR ? 0 : -PARAPET_EFAULT;
}

static int nothing_copy_to_guest(uint64_t to, const void *from, size_t nr_bytes)
{
    (void)from;
    (void)nr_bytes;
    nr.copied_out++;
    return to == GUEST_VADDR ? 0 : -PARAPET_EFAULT;
}

static size_t nothing_fetch_code(struct guest_code *code, uint64_t vaddr)
{
    (void)vaddr;
    nr.fetched++;
    memset(code, 0x90, CODE_SIZE);
    return CODE_SIZE;
}

static size_t nothing_audit_holds(struct vcpu *v, struct audit_hold *holds)
{
    holds[0] = (struct audit_hold){HELD_MFN + v->id, TYPE_WRITABLE};
    return 1;
}

static void nothing_domain_unload(struct domain *d)
{
    nr.unloaded += d == domain;
}

static int64_t answer(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                      uint64_t a5, uint64_t a6)
{
    return (int64_t)(a1 + a2 + a3 + a4 + a5 + a6);
}

static hypercall_handler_t *const dispatch[PARAPET_NR_HYPERCALLS] = {
    [0 ... PARAPET_NR_HYPERCALLS - 1] = answer,
};

static const struct engine engine_nothing = {
    .name = "nothing",
    .vcpu_size = sizeof(struct nothing_vcpu),
    .dispatch = dispatch,
    .copy_from_guest = nothing_copy_from_guest,
    .copy_to_guest = nothing_copy_to_guest,
    .fetch_code = nothing_fetch_code,
    .domain_unload = nothing_domain_unload,
    .audit_holds = nothing_audit_holds,
    .vcpu_start = nothing_vcpu_start,
    .switch_in = nothing_switch_in,
    .switch_out = nothing_switch_out,
    .exception = nothing_exception,
    .trap = nothing_trap,
    .deliver_event = nothing_deliver_event,
};

/* ---- what the shared code ends in ---- */

uint64_t audit_memory(struct memory_owner *m, const struct audit_hold *holds,
                      size_t nr_holds)
{
    (void)m;
    for (size_t i = 0; i < nr_holds; i++)
        nr.audited += holds[i].mfn == HELD_MFN || holds[i].mfn == HELD_MFN + 1;
    return 0;
}

void hc_console_interrupt(void)
{
}

_Noreturn void machine_end(enum machine_end how)
{
    machine_ended = how == MACHINE_END_DOMAIN_FAILED;
    for (;;)
        machine_pause(MACHINE_IDLE);
}

_Noreturn void panic(const char *format, ...)
{
    print_error("panic: %s\n", format);
    abort();
}

_Noreturn void panic_regs(const struct cpu_regs *regs, const char *format, ...)
{
    (void)regs;
    panic("%s", format);
}

/* ---- what a guest does, one pause after each ---- */

/* From its first instruction to its end, on the one CPU. */
static void run_guest(void)
{
    struct cpu_info *cpu = this_cpu();
    struct cpu_regs *regs = guest_regs_of(cpu);
    struct guest_code code;
    uint64_t word;

    engine_nothing.vcpu_start(domain->vcpus[0], ENTRY, 0, 0);
    sched_start(domain->vcpus[0]);
    guest_exit_work(regs);
    machine_pause(MACHINE_IN_GUEST);

    regs->vector = EXC_GP;
    trap_from_guest(regs);
    (void)trap_timed_exception(regs);
    machine_pause(MACHINE_IN_GUEST);

    (void)copy_from_guest(&word, GUEST_VADDR, sizeof(word));
    (void)copy_to_guest(GUEST_VADDR, &word, sizeof(word));
    (void)guest_fetch_code(&code, ENTRY);
    machine_pause(MACHINE_IN_GUEST);

    (void)hc_vcpu_up(1, ENTRY, 0, 0);
    (void)hc_yield();
    guest_exit_work(regs);
    machine_pause(MACHINE_IN_GUEST);

    (void)memory_audit(domain);
    machine_pause(MACHINE_IN_GUEST);

    domain_kill(cpu->current, regs, "it has done nothing");
}

static void create(void)
{
    const struct domain_settings settings = {
        .name = "d", .engine = &engine_nothing, .nr_vcpus = 2, .weight = 1};
    mfn_t mfns[VCPU_PAGES];

    machine_create(1, run_guest);
    sched_init_cpu(0);
    assert_int_equal(domain_create(&settings, &domain), 0);
    for (unsigned int i = 0; i < 2; i++)
        assert_int_equal(domain_vcpu_create(domain, 0, mfns), 0);
}

/* Until the guest pauses, or the machine has ended. */
static void run(void)
{
    do {
        machine_run(0);
    } while (machine_place(0) == MACHINE_IN_HYPERVISOR);
}

static void test_life(void **state)
{
    const struct nothing_vcpu *second;

    (void)state;
    create();
    assert_ptr_equal(domain->dispatch, dispatch);

    run();
    assert_int_equal(nr.switched_in, 1);
    assert_int_equal(nr.asked_for_events, 1);

    run();
    assert_int_equal(nr.traps, 1);
    assert_int_equal(nr.exceptions, 1);

    run();
    assert_int_equal(nr.copied_in, 1);
    assert_int_equal(nr.copied_out, 1);
    assert_int_equal(nr.fetched, 1);

    run();
    second = container_of(domain->vcpus[1], const struct nothing_vcpu, vcpu);
    assert_int_equal(second->tag, 2);
    assert_int_equal(nr.switched_out, 1);
    assert_int_equal(nr.switched_in, 2);
    assert_int_equal(nr.asked_for_events, 2);

    run();
    assert_int_equal(nr.audited, 2);

    run();
    assert_int_equal(nr.fetched, 2); /* for the report */
    assert_true(machine_ended);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

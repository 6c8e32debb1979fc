/* SPDX-License-Identifier: MIT
 *
 * The suite of every hypercall (see lib/suite.h); those of memory are in
 * suite_memory.c, those of grants in suite_grant.c. Hostile arguments are
 * generated, in arguments.c. A hypercall of the coursework range has a
 * micro-guest of its name in the place of a suite.
 *
 * BUNDLE: vcpus=2
 * INPUT: x
 * QEMU: once=1
 */
#include "tests/kernels/lib/suite.h"
#include "abi/event.h"
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(suite);

#define NR_VCPUS 2

/* ---- 0..15 ---- */

MG_SNIPPET(do_int3, "int3");

static bool go_on(struct mg_regs *regs)
{
    (void)regs;
    return true;
}

/* The handler's way back is an iret. What iret refuses ends the domain. */
static int64_t iret_of_handler(void)
{
    mg_trap_hook(MG_BP, go_on);
    do_int3(NULL);
    mg_trap_hook(MG_BP, NULL);
    return 0;
}

static void suite_iret(void)
{
    RETURNS(iret_of_handler(), 0);
}

static void suite_abi_version(void)
{
    RETURNS(hypercall_abi_version(), PARAPET_ABI_VERSION);
}

static void suite_console_write(void)
{
    RETURNS(hypercall_console_write("written\n", 8), 8);
    REFUSES(hypercall_console_write(NULL, 1), EFAULT);
    mg_suite_excuse(PARAPET_ERESTART); /* tests/unit/test_console.c */
}

/* The line that is typed comes when it likes. */
static void suite_console_read(void)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;
    char line[2] = "";
    uint64_t size = 0;

    REFUSES(hypercall_console_read(NULL, 1), EFAULT);
    while (size < sizeof(line) && mg_clock_ns() < end) {
        int64_t result =
            NOTED(hypercall_console_read(line + size, sizeof(line) - size));

        if (result > 0)
            size += (uint64_t)result;
    }
    MG_CHECK(size == sizeof(line) && memcmp(line, "x\n", 2) == 0);
    REFUSES(hypercall_console_read(line, sizeof(line)), EAGAIN);
}

static struct parapet_multicall_entry calls[PARAPET_MAX_MULTICALL];

static void suite_multicall(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
        calls[i].number = PARAPET_HC_abi_version;
    RETURNS(hypercall_multicall(calls, 2), 0);
    MG_CHECK_EQ(calls[1].result, PARAPET_ABI_VERSION);
    REFUSES(hypercall_multicall(NULL, 1), EFAULT);
    REFUSES(hypercall_multicall((char *)calls + 4, 1), EINVAL);
    REFUSES(hypercall_multicall(calls, ARRAY_SIZE(calls) + 1), E2BIG);
    REFUSES(hypercall_multicall(calls, ARRAY_SIZE(calls)), ERESTART);
}

/* ---- 16..31 ---- */

static int64_t set_trap(uint32_t vector, uint32_t flags, uint64_t entry)
{
    struct parapet_trap trap = {vector, flags, entry};

    return hypercall_set_trap_table(&trap, 1);
}

static void suite_set_trap_table(void)
{
    uint64_t entry = mg_trap_entry(MG_UD);

    RETURNS(set_trap(MG_UD, PARAPET_TRAP_MASK_EVENTS, entry), 0);
    REFUSES(set_trap(PARAPET_NR_TRAPS, 0, entry), EINVAL);
    REFUSES(set_trap(MG_UD, PARAPET_TRAP_MASK_EVENTS << 1, entry), EINVAL);
    REFUSES(set_trap(MG_UD, 0, PARAPET_HYPERVISOR_START), EINVAL);
    REFUSES(hypercall_set_trap_table(NULL, 1), EFAULT);
    REFUSES(hypercall_set_trap_table(NULL, PARAPET_NR_TRAPS + 1), E2BIG);
}

static void suite_set_callback(void)
{
    RETURNS(hypercall_set_callback(PARAPET_CALLBACK_SYSCALL, 0), 0);
    REFUSES(hypercall_set_callback(PARAPET_CALLBACK_SYSCALL + 1, 0), EINVAL);
    REFUSES(hypercall_set_callback(PARAPET_CALLBACK_SYSCALL,
                                   PARAPET_HYPERVISOR_START),
            EINVAL);
}

static void suite_set_segment_base(void)
{
    RETURNS(hypercall_set_segment_base(PARAPET_SEGMENT_GS_USER, 0), 0);
    REFUSES(hypercall_set_segment_base(PARAPET_SEGMENT_GS_USER + 1, 0), EINVAL);
    REFUSES(hypercall_set_segment_base(PARAPET_SEGMENT_FS, 1ul << 47), EINVAL);
}

static void suite_set_timer(void)
{
    RETURNS(hypercall_set_timer(mg_clock_ns() + MG_S), 0);
    RETURNS(hypercall_set_timer(0), 0);
}

static volatile uint64_t second_goes;

/* While vCPU 0 runs, this one has done all that it will. */
static void second_main(void *argument)
{
    (void)argument;
    while (!second_goes)
        (void)hypercall_yield();
    (void)hypercall_vcpu_down();
    mg_failure("vcpu_down has returned");
}

static void suite_vcpu_up(void)
{
    uint64_t entry = mg_trap_entry(0);

    REFUSES(hypercall_vcpu_up(1, PARAPET_HYPERVISOR_START, 0, 0), EINVAL);
    REFUSES(hypercall_vcpu_up(NR_VCPUS, entry, 0, 0), ENOENT);
    REFUSES(hypercall_vcpu_up(0, entry, 0, 0), EEXIST);
    RETURNS(mg_vcpu_start(1, second_main, NULL), 0);
    REFUSES(hypercall_vcpu_up(1, entry, 0, 0), EEXIST);
    mg_suite_excuse(PARAPET_EAGAIN); /* on one CPU: vcpu_down.c */
}

static void suite_cpu_irq_disable(void)
{
    mg_sti();
    RETURNS(hypercall_cpu_irq_disable(), 0);
    MG_CHECK_EQ(mg_vcpu_page()->event_mask, 1);
}

static void suite_cpu_irq_enable(void)
{
    RETURNS(hypercall_cpu_irq_enable(), 0);
    MG_CHECK_EQ(mg_vcpu_page()->event_mask, 0);
    mg_cli();
}

static void suite_event_check(void)
{
    RETURNS(hypercall_event_check(), 0);
}

static void suite_clock_read(void)
{
    uint64_t before = mg_clock_ns();

    MG_CHECK(NOTED(hypercall_clock_read()) >= (int64_t)before);
}

/* It succeeds on vCPU 1. */
static void suite_vcpu_down(void)
{
    const volatile struct parapet_counters *counters = mg_counters(1);

    second_goes = 1;
    while (counters->hypercalls[PARAPET_HC_vcpu_down] == 0)
        (void)hypercall_yield();
    REFUSES(hypercall_vcpu_down(), EBUSY);
    mg_suite_excuse_success();
}

/* ---- 32..47 ---- */

static void suite_yield(void)
{
    RETURNS(hypercall_yield(), 0);
}

/* With an event pending, it comes back. */
static void suite_block(void)
{
    volatile uint64_t upcalls = 0;
    uint32_t port = mg_event_bind_ipi(0, mg_event_count, (void *)&upcalls);

    MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
    RETURNS(hypercall_block(), 0);
    MG_CHECK_EQ(upcalls, 1);
    mg_cli();
    mg_event_close(port);
}

/* The same, and the event waits for the end of the mask. */
static void suite_halt(void)
{
    volatile uint64_t upcalls = 0;
    uint32_t port = mg_event_bind_ipi(0, mg_event_count, (void *)&upcalls);

    mg_cli();
    MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
    RETURNS(hypercall_halt(), 0);
    MG_CHECK_EQ(upcalls, 0);
    mg_sti();
    MG_CHECK_EQ(upcalls, 1);
    mg_cli();
    mg_event_close(port);
}

/*
 * Its success is the end of this test, without which tests/kernels/run does
 * not take the verdict for true.
 */
static void suite_shutdown(void)
{
    REFUSES(hypercall_shutdown(PARAPET_SHUTDOWN_CRASH + 1), EINVAL);
    mg_suite_excuse_success();
}

/* ---- 48..63 ---- */

/* Takes all ports there are; gives them back. */
static bool taken[PARAPET_NR_PORTS];

static void take_all_ports(void)
{
    int64_t port;

    while ((port = hypercall_evtchn_bind_ipi(0)) >= 0)
        taken[port] = true;
}

static void return_all_ports(void)
{
    for (uint32_t port = 0; port < PARAPET_NR_PORTS; port++) {
        if (taken[port])
            MG_CHECK_EQ(hypercall_evtchn_close(port), 0);
        taken[port] = false;
    }
}

/* It takes a machine without a frame: tests/unit/test_port.c. */
static void no_memory_for_ports(void)
{
    mg_suite_excuse(PARAPET_ENOMEM);
}

static void suite_evtchn_bind_virq(void)
{
    int64_t port = NOTED(hypercall_evtchn_bind_virq(PARAPET_VIRQ_TIMER, 0));

    MG_CHECK(port > 0);
    no_memory_for_ports();
    REFUSES(hypercall_evtchn_bind_virq(PARAPET_VIRQ_DOMAIN, 0), EPERM);
    REFUSES(hypercall_evtchn_bind_virq(PARAPET_VIRQ_TIMER, 0), EEXIST);
    REFUSES(hypercall_evtchn_bind_virq(PARAPET_NR_VIRQS, 0), EINVAL);
    REFUSES(hypercall_evtchn_bind_virq(PARAPET_VIRQ_TIMER, NR_VCPUS), ENOENT);
    take_all_ports();
    REFUSES(hypercall_evtchn_bind_virq(PARAPET_VIRQ_TIMER, 1), ENOSPC);
    return_all_ports();
    MG_CHECK_EQ(hypercall_evtchn_close((uint32_t)port), 0);
}

static void suite_evtchn_bind_ipi(void)
{
    int64_t port = NOTED(hypercall_evtchn_bind_ipi(1));

    MG_CHECK(port > 0);
    no_memory_for_ports();
    REFUSES(hypercall_evtchn_bind_ipi(NR_VCPUS), ENOENT);
    take_all_ports();
    REFUSES(hypercall_evtchn_bind_ipi(0), ENOSPC);
    return_all_ports();
    MG_CHECK_EQ(hypercall_evtchn_close((uint32_t)port), 0);
}

/* No domain has such an id. */
#define NO_DOMAIN 0x7fffffff

static int64_t alloc_for_self(void)
{
    return hypercall_evtchn_alloc_unbound(PARAPET_DOMAIN_SELF);
}

/* The three calls that take a port, each with one that is closed at last. */
static void suite_evtchn_send(void)
{
    uint32_t port = mg_event_bind_ipi(0, NULL, NULL);
    int64_t unbound = alloc_for_self();

    RETURNS(hypercall_evtchn_send(port), 0);
    REFUSES(hypercall_evtchn_send((uint32_t)unbound), ENOTCONN);
    MG_CHECK_EQ(hypercall_evtchn_close((uint32_t)unbound), 0);
    REFUSES(hypercall_evtchn_send(PARAPET_NR_PORTS), EINVAL);
    mg_event_close(port);
    REFUSES(hypercall_evtchn_send(port), EINVAL);
}

static void suite_evtchn_unmask(void)
{
    uint32_t port = mg_event_bind_ipi(0, NULL, NULL);

    RETURNS(hypercall_evtchn_unmask(port), 0);
    REFUSES(hypercall_evtchn_unmask(PARAPET_NR_PORTS), EINVAL);
    mg_event_close(port);
    REFUSES(hypercall_evtchn_unmask(port), EINVAL);
}

static void suite_evtchn_close(void)
{
    uint32_t port = mg_event_bind_ipi(0, NULL, NULL);

    RETURNS(hypercall_evtchn_close(port), 0);
    REFUSES(hypercall_evtchn_close(PARAPET_NR_PORTS), EINVAL);
    REFUSES(hypercall_evtchn_close(port), EINVAL);
}

/* Here both ends are the domain's own. */
static void suite_evtchn_alloc_unbound(void)
{
    int64_t port = NOTED(alloc_for_self());

    MG_CHECK(port > 0);
    no_memory_for_ports();
    REFUSES(hypercall_evtchn_alloc_unbound(NO_DOMAIN), ENOENT);
    take_all_ports();
    REFUSES(alloc_for_self(), ENOSPC);
    return_all_ports();
    MG_CHECK_EQ(hypercall_evtchn_close((uint32_t)port), 0);
}

static int64_t bind_self(int64_t port)
{
    return hypercall_evtchn_bind_interdomain(PARAPET_DOMAIN_SELF,
                                             (uint32_t)port);
}

static void suite_evtchn_bind_interdomain(void)
{
    int64_t unbound = alloc_for_self();
    int64_t port = NOTED(bind_self(unbound));

    MG_CHECK(port > 0 && port != unbound);
    no_memory_for_ports();
    REFUSES(bind_self(unbound), EINVAL);
    REFUSES(bind_self(PARAPET_NR_PORTS), EINVAL);
    REFUSES(hypercall_evtchn_bind_interdomain(NO_DOMAIN, 1), ENOENT);
    MG_CHECK_EQ(hypercall_evtchn_close((uint32_t)port), 0);
    take_all_ports();
    REFUSES(bind_self(unbound), ENOSPC);
    return_all_ports();
    MG_CHECK_EQ(hypercall_evtchn_close((uint32_t)unbound), 0);
}

static void suite_evtchn_status(void)
{
    uint32_t port = mg_event_bind_ipi(1, NULL, NULL);
    struct parapet_port_status status;

    RETURNS(hypercall_evtchn_status(port, &status), 0);
    MG_CHECK(status.kind == PARAPET_PORT_IPI && status.vcpu == 1);
    REFUSES(hypercall_evtchn_status(port, NULL), EFAULT);
    mg_event_close(port);
    REFUSES(hypercall_evtchn_status(port, &status), EINVAL);
}

static void suite_evtchn_move(void)
{
    uint32_t port = mg_event_bind_ipi(1, NULL, NULL);
    uint32_t virq = mg_event_bind_virq(PARAPET_VIRQ_TIMER, NULL, NULL);

    RETURNS(hypercall_evtchn_move(port, 0), 0);
    REFUSES(hypercall_evtchn_move(port, NR_VCPUS), ENOENT);
    REFUSES(hypercall_evtchn_move(virq, 1), EINVAL);
    mg_event_close(port);
    mg_event_close(virq);
    REFUSES(hypercall_evtchn_move(port, 0), EINVAL);
}

/* ---- all of them ---- */

#define SUITE(name) MG_SUITE(name)

static const struct mg_suite suites[] = {
    SUITE(iret),
    SUITE(abi_version),
    SUITE(console_write),
    SUITE(console_read),
    SUITE(multicall),
    SUITE(set_trap_table),
    SUITE(set_callback),
    SUITE(set_segment_base),
    SUITE(set_timer),
    SUITE(vcpu_up),
    SUITE(cpu_irq_disable),
    SUITE(cpu_irq_enable),
    SUITE(event_check),
    SUITE(clock_read),
    SUITE(vcpu_down),
    SUITE(yield),
    SUITE(block),
    SUITE(halt),
    SUITE(shutdown),
    SUITE(evtchn_bind_virq),
    SUITE(evtchn_bind_ipi),
    SUITE(evtchn_send),
    SUITE(evtchn_unmask),
    SUITE(evtchn_close),
    SUITE(evtchn_alloc_unbound),
    SUITE(evtchn_bind_interdomain),
    SUITE(evtchn_status),
    SUITE(evtchn_move),
};

/* suite_memory.c has those of memory and audit, suite_grant.c those of grants.
 * Those for the control domain are refused here (control_denied.c), and have
 * theirs in suite_control.c. */
static bool is_elsewhere(const struct mg_hypercall *hc)
{
    return (hc->number >= 64 && hc->number < 112) ||
           hc->number == PARAPET_HC_memory_audit || (hc->flags & HC_CONTROL);
}

/* MICRO_GUESTS is from objects.mk: " name name ... ". */
static bool has_micro_guest(const char *name)
{
    size_t size = strlen(name);

    for (const char *p = MICRO_GUESTS; *p; p++) {
        if (p[0] == ' ' && strncmp(p + 1, name, size) == 0 &&
            p[1 + size] == ' ')
            return true;
    }
    return false;
}

void test_main(void)
{
    for (size_t i = 0; i < mg_nr_hypercalls; i++) {
        const struct mg_hypercall *hc = &mg_hypercalls[i];

        if (is_elsewhere(hc))
            continue;
        if (hc->number < PARAPET_COURSEWORK)
            mg_suite_run(suites, ARRAY_SIZE(suites), hc->number);
        else if (!has_micro_guest(hc->name))
            mg_failure("%s has no tests: write tests/kernels/%s.c", hc->name,
                       hc->name);
    }
}

/* SPDX-License-Identifier: MIT
 *
 * The counters page counts every hypercall and exit of this vCPU exactly, and
 * the latency page times one in PARAPET_LATENCY_INTERVAL of them.
 */
#include "abi/exits.h"
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(counters);

#define ROUNDS 1000
/* So many calls are timed at least once each. */
#define TIMED_ROUNDS (100 * PARAPET_LATENCY_INTERVAL)

MG_SNIPPET(do_int3, "int3");
MG_SNIPPET(do_read, "mov (%rdi), %al");
MG_SNIPPET(do_cli, "cli");
MG_SNIPPET(do_refused, "lidt (%rdi)");

static uint32_t port;
static volatile uint64_t nr_events;

static bool skip_two(struct mg_regs *regs)
{
    regs->frame.rip += 2;
    return true;
}

static bool skip_three(struct mg_regs *regs)
{
    regs->frame.rip += 3;
    return true;
}

static bool go_on(struct mg_regs *regs)
{
    (void)regs;
    return true;
}

static void breakpoint(void)
{
    do_int3(NULL);
}

static void page_fault(void)
{
    do_read((void *)0x1000);
}

static void emulated(void)
{
    do_cli(NULL);
}

static void reflected(void)
{
    do_refused(NULL);
}

static void event(void)
{
    mg_sti();
    (void)hypercall_evtchn_send(port);
    mg_cli();
}

static const struct {
    enum parapet_exit exit;
    const char *name;
    void (*deed)(void);
} cases[] = {
    {PARAPET_EXIT_exception, "exception", breakpoint},
    {PARAPET_EXIT_page_fault, "page fault", page_fault},
    {PARAPET_EXIT_emulated, "emulated", emulated},
    {PARAPET_EXIT_reflected, "reflected", reflected},
    {PARAPET_EXIT_event, "event", event},
};

static void test_exits(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const volatile uint64_t *counter =
            &mg_counters(0)->exits[cases[i].exit];
        uint64_t before = *counter;

        for (uint64_t n = 0; n < ROUNDS; n++)
            cases[i].deed();
        if (*counter - before != ROUNDS)
            mg_failure("%s: %lu counted, expected %d", cases[i].name,
                       *counter - before, ROUNDS);
    }
}

/*
 * Sleeping leaves the CPU, once each time. On a busy host the timer may have
 * come before the vCPU could fall asleep: then it stays.
 */
static void test_switched_out(void)
{
    const volatile uint64_t *counter =
        &mg_counters(0)->exits[PARAPET_EXIT_switched_out];
    uint64_t before = *counter;

    for (int n = 0; n < 20; n++) {
        (void)hypercall_set_timer(mg_clock_ns() + 3 * MG_MS);
        (void)hypercall_block();
        mg_cli();
    }
    MG_CHECK(*counter - before > 10 && *counter - before <= 20);
}

static void test_hypercalls(void)
{
    const volatile struct parapet_counters *counters = mg_counters(0);
    uint64_t version = counters->hypercalls[PARAPET_HC_abi_version];
    uint64_t unassigned = counters->hypercalls[PARAPET_NR_HYPERCALLS - 1];
    uint64_t unknown = counters->unknown_hypercalls;

    for (int n = 0; n < ROUNDS; n++) {
        (void)hypercall_abi_version();
        (void)hypercall_raw(PARAPET_NR_HYPERCALLS - 1, 0, 0, 0, 0, 0, 0);
        (void)hypercall_raw(~0ul, 0, 0, 0, 0, 0, 0);
    }
    MG_CHECK_EQ(counters->hypercalls[PARAPET_HC_abi_version] - version, ROUNDS);
    MG_CHECK_EQ(counters->hypercalls[PARAPET_NR_HYPERCALLS - 1] - unassigned,
                ROUNDS);
    MG_CHECK_EQ(counters->unknown_hypercalls - unknown, ROUNDS);
    /* Hypercalls are counted by number alone. */
    MG_CHECK_EQ(counters->exits[PARAPET_EXIT_hypercall], 0);
}

static uint64_t sum(const volatile uint32_t *buckets)
{
    uint64_t total = 0;

    for (int i = 0; i < PARAPET_NR_LATENCY_BUCKETS; i++)
        total += buckets[i];
    return total;
}

/* A hundred of them are due; an interrupt here and there takes one's turn. */
static void check_timed(const char *what, uint64_t timed)
{
    uint64_t due = TIMED_ROUNDS / PARAPET_LATENCY_INTERVAL;

    if (timed < due / 2 || timed > due + due / 2)
        mg_failure("%s: %lu were timed, expected about %lu", what, timed, due);
}

static void test_latency(void)
{
    const volatile struct parapet_latency *latency =
        (const volatile struct parapet_latency *)PARAPET_LATENCY(0ul);
    const volatile uint32_t *calls =
        latency->hypercalls[PARAPET_HC_abi_version];
    const volatile uint32_t *traps = latency->exits[PARAPET_EXIT_emulated];
    uint64_t before = sum(calls);

    for (int n = 0; n < TIMED_ROUNDS; n++)
        (void)hypercall_abi_version();
    check_timed("abi_version", sum(calls) - before);

    before = sum(traps);
    for (int n = 0; n < TIMED_ROUNDS; n++)
        do_cli(NULL);
    check_timed("cli", sum(traps) - before);
}

void test_main(void)
{
    port = mg_event_bind_ipi(0, mg_event_count, (void *)&nr_events);
    (void)mg_event_bind_virq(PARAPET_VIRQ_TIMER, NULL, NULL);
    mg_trap_hook(MG_BP, go_on);
    mg_trap_hook(MG_PF, skip_two);
    mg_trap_hook(MG_GP, skip_three);
    test_exits();
    test_switched_out();
    test_hypercalls();
    test_latency();
}

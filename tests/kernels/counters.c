/* SPDX-License-Identifier: MIT
 *
 * The counters page counts every hypercall and exit of this vCPU exactly, and
 * the latency area times one in PARAPET_LATENCY_INTERVAL of them; the guest
 * cannot write either, and each vCPU has its own.
 *
 * BUNDLE: vcpus=2
 * QEMU: once=1
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
            mg_failure("%s: expected %d counted, got %lu", cases[i].name,
                       ROUNDS, *counter - before);
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

/* ---- the histograms ---- */

static const volatile struct parapet_latency *latency_of(uint64_t vcpu)
{
    return (const volatile struct parapet_latency *)PARAPET_LATENCY(vcpu);
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
        mg_failure("%s: expected about %lu timed, got %lu", what, due, timed);
}

static void call_version(void)
{
    for (int n = 0; n < TIMED_ROUNDS; n++)
        (void)hypercall_abi_version();
}

static void test_timed_hypercalls(void)
{
    const volatile uint32_t *buckets =
        latency_of(0)->hypercalls[PARAPET_HC_abi_version];
    uint64_t before = sum(buckets);

    call_version();
    check_timed("abi_version", sum(buckets) - before);
}

/* All kinds of exit but the upcall, which is the way back from another one. */
static void test_timed_exits(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const volatile uint32_t *buckets = latency_of(0)->exits[cases[i].exit];
        uint64_t before = sum(buckets);

        if (cases[i].exit == PARAPET_EXIT_event)
            continue;
        for (int n = 0; n < TIMED_ROUNDS; n++)
            cases[i].deed();
        check_timed(cases[i].name, sum(buckets) - before);
    }
    /* The handlers' irets are counted, and too short to be timed. */
    MG_CHECK_EQ(sum(latency_of(0)->hypercalls[PARAPET_HC_iret]), 0);
}

static unsigned int median(const volatile uint32_t *buckets)
{
    uint64_t half = sum(buckets) / 2, seen = 0;
    unsigned int bucket = 0;

    while ((seen += buckets[bucket]) <= half &&
           bucket + 1 < PARAPET_NR_LATENCY_BUCKETS)
        bucket++;
    return bucket;
}

/* What takes longer is seen to; and the calls inside are not timed. */
static void test_durations(void)
{
    static struct parapet_multicall_entry calls[32];
    const volatile struct parapet_latency *latency = latency_of(0);
    uint64_t inside = sum(latency->hypercalls[PARAPET_HC_event_check]);

    for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
        calls[i].number = PARAPET_HC_event_check;
    for (int n = 0; n < TIMED_ROUNDS; n++)
        (void)hypercall_multicall(calls, ARRAY_SIZE(calls));
    MG_CHECK(median(latency->hypercalls[PARAPET_HC_multicall]) >
             median(latency->hypercalls[PARAPET_HC_abi_version]));
    MG_CHECK_EQ(sum(latency->hypercalls[PARAPET_HC_event_check]), inside);
}

/* Nothing is timed that was not counted. */
static void test_sums(void)
{
    const volatile struct parapet_latency *latency = latency_of(0);
    const volatile struct parapet_counters *counters = mg_counters(0);

    for (int i = 0; i < PARAPET_NR_HYPERCALLS; i++)
        MG_CHECK(sum(latency->hypercalls[i]) <= counters->hypercalls[i]);
    for (int i = 0; i < PARAPET_NR_EXITS; i++)
        MG_CHECK(sum(latency->exits[i]) <= counters->exits[i]);
}

MG_SNIPPET(do_write, "movl $0, (%rdi)");

static void test_read_only(void)
{
    struct mg_fault fault;
    void *const places[] = {
        (void *)PARAPET_LATENCY(0ul),
        (void *)(PARAPET_LATENCY(0ul) + sizeof(struct parapet_latency) - 4),
        (void *)PARAPET_COUNTERS_PAGE(0ul)};

    mg_trap_hook(MG_PF, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        if (mg_expect_fault("a write", do_write, places[i], MG_PF, &fault))
            MG_CHECK_EQ(fault.frame.error, MG_PF_PRESENT | MG_PF_WRITE);
    }
}

/* ---- each vCPU has its own ---- */

static volatile uint64_t second_done;

static void second_main(void *argument)
{
    (void)argument;
    call_version();
    second_done = 1;
}

static void test_second_vcpu(void)
{
    const uint64_t nr = PARAPET_HC_abi_version;
    uint64_t counted = mg_counters(0)->hypercalls[nr];
    uint64_t timed = sum(latency_of(0)->hypercalls[nr]);

    MG_CHECK_EQ(mg_counters(1)->hypercalls[nr], 0);
    MG_CHECK_EQ(sum(latency_of(1)->hypercalls[nr]), 0);
    MG_CHECK_EQ(mg_vcpu_start(1, second_main, NULL), 0);
    while (!second_done)
        (void)hypercall_yield();
    MG_CHECK_EQ(mg_counters(1)->hypercalls[nr], TIMED_ROUNDS);
    check_timed("vCPU 1", sum(latency_of(1)->hypercalls[nr]));
    MG_CHECK_EQ(mg_counters(0)->hypercalls[nr], counted);
    MG_CHECK_EQ(sum(latency_of(0)->hypercalls[nr]), timed);
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
    test_timed_hypercalls();
    test_timed_exits();
    test_durations();
    test_sums();
    test_read_only();
    test_second_vcpu();
}

/* SPDX-License-Identifier: MIT
 *
 * The bench's guest: a table of operations and ways, measured in rounds with
 * the ways interleaved. Each sample is a line for tools/bench:
 *
 *   BENCH clock tsc_hz=N
 *   BENCH sample op=... way=... operations=N ticks=N
 *   BENCH exits op=... way=... operations=N name=N ...
 *   BENCH end
 *
 * ticks is the sample's loop less an empty loop of as many iterations (but for
 * the row of the empty loop itself). The boot arguments are the number of
 * rounds and, if only a part is wanted, a piece of "op/way".
 */
#include <stddef.h>

#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/bench/loops.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(bench);

#define MAX_CALLS 128

static _Alignas(4096) struct parapet_multicall_entry calls[MAX_CALLS];

/* loops.S has the numbers. */
_Static_assert(PARAPET_HC_abi_version == 1 && PARAPET_HC_multicall == 4 &&
                   PARAPET_HC_set_timer == 19 &&
                   PARAPET_HC_cpu_irq_disable == 21 &&
                   PARAPET_HC_cpu_irq_enable == 22 &&
                   PARAPET_HC_event_check == 23 &&
                   PARAPET_HC_clock_read == 24 && PARAPET_HC_yield == 32 &&
                   PARAPET_HC_evtchn_send == 50,
               "a hypercall has another number");
_Static_assert(PARAPET_ERESTART == BENCH_ERESTART, "ERESTART is another");
_Static_assert(offsetof(struct parapet_shared_page, clock) ==
                   BENCH_CLOCK - PARAPET_SHARED_PAGE,
               "the clock is elsewhere");
_Static_assert(sizeof(struct parapet_multicall_entry) == 64,
               "an entry of a multicall has another size");

/* ---- what has to be in place before an operation ---- */

static void prepare_nothing(void)
{
}

static void prepare_breakpoint(void)
{
    mg_trap_set(MG_BP, 0, (uint64_t)bench_breakpoint_entry);
}

static void prepare_kernel_fault(void)
{
    mg_trap_set(MG_PF, 0, (uint64_t)bench_kernel_fault_entry);
}

static void prepare_event(void)
{
    (void)hypercall_set_callback(PARAPET_CALLBACK_EVENT,
                                 (uint64_t)bench_event_entry);
}

static void prepare_pending(void)
{
    mg_cli();
    (void)hypercall_evtchn_send(BENCH_PORT);
}

/* Never while the bench runs, and each time the same. */
static void prepare_timer(void)
{
    bench_deadline = mg_clock_ns() + 3600 * MG_S;
}

static void prepare_multicall(uint64_t nr_calls)
{
    memset(calls, 0, sizeof(calls));
    for (size_t i = 0; i < nr_calls; i++)
        calls[i].number = PARAPET_HC_abi_version;
    bench_calls = (uint64_t)calls;
    bench_nr_calls = nr_calls;
}

static void prepare_multicall_1(void)
{
    prepare_multicall(1);
}

static void prepare_multicall_8(void)
{
    prepare_multicall(8);
}

static void prepare_multicall_32(void)
{
    prepare_multicall(32);
}

static void prepare_multicall_128(void)
{
    prepare_multicall(128);
}

/* ---- the table ---- */

struct operation {
    const char *name;
    const char *way;
    bench_loop_t *loop;
    uint64_t iterations;
    void (*prepare)(void);
    uint64_t per_iteration; /* operations */
};

static const struct operation operations[] = {
    {"empty_loop", "direct", bench_empty, 100000, prepare_nothing, 1},
    {"null_hypercall", "hypercall", bench_null_hypercall, 20000,
     prepare_nothing, 1},
    {"enosys_hypercall", "hypercall", bench_enosys_hypercall, 20000,
     prepare_nothing, 1},
    {"multicall_1", "batch", bench_multicall, 10000, prepare_multicall_1, 1},
    {"multicall_8", "batch", bench_multicall, 2000, prepare_multicall_8, 8},
    {"multicall_32", "batch", bench_multicall, 500, prepare_multicall_32, 32},
    {"multicall_128", "batch", bench_multicall, 125, prepare_multicall_128,
     128},
    {"clock_read", "shared", bench_clock_shared, 20000, prepare_nothing, 1},
    {"clock_read", "hypercall", bench_clock_hypercall, 20000, prepare_nothing,
     1},
    {"virtual_cli_sti", "shared", bench_cli_sti_shared, 10000, prepare_nothing,
     BENCH_UNROLLED},
    {"virtual_cli_sti", "hypercall", bench_cli_sti_hypercall, 20000,
     prepare_nothing, 1},
    {"virtual_cli_sti", "trap", bench_cli_sti_trap, 10000, prepare_nothing, 1},
    {"virtual_cli", "shared", bench_cli_shared, 10000, prepare_nothing,
     BENCH_UNROLLED},
    {"virtual_cli", "hypercall", bench_cli_hypercall, 20000, prepare_nothing,
     1},
    {"virtual_cli", "trap", bench_cli_trap, 10000, prepare_nothing, 1},
    {"iret", "hypercall", bench_iret, 20000, prepare_nothing, 1},
    {"breakpoint_roundtrip", "hypercall", bench_breakpoint, 10000,
     prepare_breakpoint, 1},
    {"kernel_fault_roundtrip", "hypercall", bench_kernel_fault, 10000,
     prepare_kernel_fault, 1},
    {"event_self", "hypercall", bench_event_self, 10000, prepare_event, 1},
    {"event_send_pending", "hypercall", bench_event_send_pending, 20000,
     prepare_pending, 1},
    {"cr0_read", "trap", bench_cr0_read, 10000, prepare_nothing, 1},
    {"msr_read", "trap", bench_msr_read, 10000, prepare_nothing, 1},
    {"set_timer", "hypercall", bench_set_timer, 20000, prepare_timer, 1},
    {"yield_alone", "hypercall", bench_yield, 10000, prepare_nothing, 1},
};

static bool is_wanted(const struct operation *op, const char *pattern)
{
    char name[64];
    size_t length = strlen(op->name), pattern_length = strlen(pattern);

    memcpy(name, op->name, length);
    name[length] = '/';
    (void)string_copy(name + length + 1, sizeof(name) - length - 1, op->way);
    for (const char *at = name; *at; at++) {
        if (strncmp(at, pattern, pattern_length) == 0)
            return true;
    }
    return false;
}

/* ---- exits ---- */

static const char *const exit_names[PARAPET_NR_EXITS] = {
#define PARAPET_EXIT(number, name, text) [number] = #name,
#include "abi/exits.def"
#undef PARAPET_EXIT
};

struct exits {
    uint64_t count[PARAPET_NR_EXITS];
};

/* Hypercalls are counted by number, and 0 among the exits: here their sum. */
static void read_exits(struct exits *exits)
{
    const volatile struct parapet_counters *counters = mg_counters(0);
    uint64_t hypercalls = counters->unknown_hypercalls;

    for (size_t i = 0; i < PARAPET_NR_EXITS; i++)
        exits->count[i] = counters->exits[i];
    for (size_t i = 0; i < PARAPET_NR_HYPERCALLS; i++)
        hypercalls += counters->hypercalls[i];
    exits->count[0] = hypercalls;
}

static void print_exits(const struct operation *op, const struct exits *before,
                        const struct exits *after)
{
    mg_printf("BENCH exits op=%s way=%s operations=%lu", op->name, op->way,
              op->iterations * op->per_iteration);
    for (size_t i = 0; i < PARAPET_NR_EXITS; i++) {
        if (exit_names[i] && after->count[i] != before->count[i])
            mg_printf(" %s=%lu", exit_names[i],
                      after->count[i] - before->count[i]);
    }
    mg_printf("\n");
}

/* ---- measuring ---- */

static uint64_t time_loop(bench_loop_t *loop, uint64_t iterations)
{
    uint64_t start = mg_rdtsc();

    loop(iterations);
    return mg_rdtsc() - start;
}

/* Everything as the next operation expects it: events on, nothing pending. */
static void settle(void)
{
    mg_cli();
    mg_port_clear(BENCH_PORT);
    mg_vcpu_page()->event_select = 0;
    mg_vcpu_page()->event_pending = 0;
    mg_sti();
}

static void measure(const struct operation *op, bool print)
{
    struct exits before, after;
    uint64_t empty = 0, ticks;

    settle();
    op->prepare();
    if (op->loop != bench_empty)
        empty = time_loop(bench_empty, op->iterations);
    read_exits(&before);
    ticks = time_loop(op->loop, op->iterations);
    read_exits(&after);
    mg_trap_init();
    settle();
    if (!print)
        return;
    mg_printf("BENCH sample op=%s way=%s operations=%lu ticks=%ld\n", op->name,
              op->way, op->iterations * op->per_iteration,
              (int64_t)(ticks - empty));
    print_exits(op, &before, &after);
}

/* Each operation once does what it should, or the figures mean nothing. */
static void verify(void)
{
    prepare_multicall(MAX_CALLS);
    bench_multicall(1);
    for (size_t i = 0; i < MAX_CALLS; i++)
        MG_CHECK_EQ(calls[i].result, PARAPET_ABI_VERSION);
    MG_CHECK(hypercall_clock_read() > 0);
    prepare_event();
    mg_sti();
    MG_CHECK_EQ(hypercall_evtchn_send(BENCH_PORT), 0);
    MG_CHECK(!mg_port_is_pending(BENCH_PORT));
    MG_CHECK_EQ(mg_vcpu_page()->event_pending, 0);
}

void test_main(void)
{
    char *pattern;
    unsigned long rounds = strtoul(mg_bootargs(), &pattern, 10);

    while (*pattern == ' ')
        pattern++;
    if (mg_event_bind_ipi(0, NULL, NULL) != BENCH_PORT)
        mg_error("the first port is not %d", BENCH_PORT);
    verify();
    mg_printf("BENCH clock tsc_hz=%lu\n", mg_clock_snapshot().tsc_hz);
    /* Round 0 warms the emulator's caches, and is not reported. */
    for (unsigned long round = 0; round <= rounds; round++) {
        for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
            if (is_wanted(&operations[i], pattern))
                measure(&operations[i], round > 0);
        }
    }
    mg_printf("BENCH end\n");
}

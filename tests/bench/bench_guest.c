/* SPDX-License-Identifier: MIT
 *
 * The bench's guest: tables of operations and ways (ops_*.c),
 * measured in rounds with the ways interleaved. Each sample is a line for
 * tools/bench:
 *
 *   BENCH clock tsc_hz=N
 *   BENCH sample op=... way=... operations=N ticks=N
 *   BENCH apart op=... way=... operations=N ticks=N
 *   BENCH bytes op=... way=... bytes=N      that one operation moves
 *   BENCH exits op=... way=... operations=N name=N ...
 *   BENCH end
 *
 * ticks is the sample's loop less an empty loop of as many iterations (but for
 * the row of the empty loop itself); apart is how many of them are a copy,
 * which is no part of the path. The boot arguments are the number of rounds,
 * "crowd" if it is for the rows of ops_crowd.c, and, if only a part is wanted,
 * a piece of "op/way".
 */
#include "abi/stubs.h"
#include "lib/string.h"
#include "lib/x86/tsc.h"
#include "tests/bench/operation.h"
#include "tests/bench/pattern.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(bench);

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

static uint64_t time_loop(const struct operation *op, bench_loop_t *loop,
                          int64_t expected)
{
    uint64_t start = rdtsc_ordered();
    int64_t result = (int64_t)loop(op->iterations);
    uint64_t end = rdtsc_ordered();

    if (expected == RESULT_TICKS)
        return (uint64_t)result;
    if (expected != RESULT_ANY && result != expected)
        mg_failure("%s/%s: the loop's result is %ld, not %ld", op->name,
                   op->way, result, expected);
    return end - start;
}

void (*bench_copy_word)(void);
uint64_t bench_bytes;

/* Everything as the next operation expects it: events on, nothing pending. */
static void settle(void)
{
    bench_copy_word = NULL;
    bench_bytes = 0;
    mg_cli();
    mg_port_clear(BENCH_PORT);
    mg_vcpu_page()->event_select = 0;
    mg_vcpu_page()->event_pending = 0;
    mg_sti();
}

static void print_ticks(const char *kind, const struct operation *op,
                        uint64_t ticks)
{
    mg_printf("BENCH %s op=%s way=%s operations=%lu ticks=%ld\n", kind,
              op->name, op->way, op->iterations * op->per_iteration,
              (int64_t)ticks);
}

static void measure(const struct operation *op, bool print)
{
    struct exits before, after;
    uint64_t empty = 0, ticks, word = 0, bytes;
    bool copies;

    settle();
    op->prepare();
    if (op->loop != bench_empty && op->result != RESULT_TICKS)
        empty = time_loop(op, bench_empty, RESULT_ANY);
    read_exits(&before);
    ticks = time_loop(op, op->loop, op->result);
    read_exits(&after);
    copies = bench_copy_word != NULL;
    if (copies) {
        bench_copy_word();
        word = time_loop(op, op->loop, op->result);
    }
    bytes = bench_bytes;
    mg_trap_init();
    settle();
    if (!print)
        return;
    print_ticks("sample", op, ticks - empty);
    if (bytes != 0)
        mg_printf("BENCH bytes op=%s way=%s bytes=%lu\n", op->name, op->way,
                  bytes);
    if (copies)
        print_ticks("apart", op, ticks - word);
    print_exits(op, &before, &after);
}

static void measure_all(const struct operation *table, size_t count,
                        const char *pattern, bool print)
{
    for (size_t i = 0; i < count; i++) {
        if (bench_is_wanted(table[i].name, table[i].way, pattern))
            measure(&table[i], print);
    }
}

static void measure_alone(const char *pattern, bool print)
{
    measure_all(core_operations, nr_core_operations, pattern, print);
    measure_all(ring_operations, nr_ring_operations, pattern, print);
    measure_all(console_operations, nr_console_operations, pattern, print);
    measure_all(memory_operations, nr_memory_operations, pattern, print);
    measure_all(peer_operations, nr_peer_operations, pattern, print);
    measure_all(grant_operations, nr_grant_operations, pattern, print);
}

/* Takes the word off text; false when it does not begin so. */
static bool take_word(const char **text, const char *word)
{
    size_t length = strlen(word);

    if (strncmp(*text, word, length) != 0)
        return false;
    *text += length;
    while (**text == ' ')
        (*text)++;
    return true;
}

void test_main(void)
{
    char *rest;
    unsigned long rounds = strtoul(mg_bootargs(), &rest, 10);
    const char *pattern = rest;
    bool in_crowd;

    (void)take_word(&pattern, " ");
    in_crowd = take_word(&pattern, "crowd ");
    if (mg_event_bind_ipi(0, NULL, NULL) != BENCH_PORT)
        mg_error("the first port is not %d", BENCH_PORT);
    if (!in_crowd)
        peer_operations_init();
    memory_operations_init();
    if (!in_crowd)
        grant_operations_init();
    verify_core_operations();
    verify_memory_operations();
    if (in_crowd)
        crowd_operations_init();
    mg_printf("BENCH clock tsc_hz=%lu\n", mg_clock_snapshot().tsc_hz);
    /* Round 0 warms the emulator's caches, and is not reported. */
    for (unsigned long round = 0; round <= rounds; round++) {
        if (in_crowd)
            measure_all(crowd_operations, nr_crowd_operations, pattern,
                        round > 0);
        else
            measure_alone(pattern, round > 0);
    }
    if (!in_crowd)
        peer_operations_end();
    mg_printf("BENCH end\n");
}

/* SPDX-License-Identifier: MIT
 *
 * The command `bench ROUNDS [PATTERN]`: measures this build's operations in
 * turn, so that a slow moment of the host hits all of them, and prints lines
 * for tools/bench, as tests/bench/bench_guest.c does:
 *
 *   BENCH sample op=... way=... operations=N ticks=N
 *   BENCH absent op=... way=...      this machine cannot do it
 *   BENCH clock tsc_hz=N
 *   BENCH end
 *
 * ticks is the loop's less those of an empty loop of as many iterations.
 */
#include "guest-kernel/bench/bench.h"

#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/monitor/commands.h"
#include "guest-kernel/privops/privops.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "lib/x86/tsc.h"

#define MAX_ROUNDS 1000
#define US_PER_SECOND 1000000ul
#define NS_PER_US 1000ul

static uint64_t time_loop(bench_loop_t *loop, uint64_t iterations)
{
    uint64_t start = rdtsc_ordered();

    loop(iterations);
    return rdtsc_ordered() - start;
}

/* Whether the pattern is a piece of "name/way". */
static bool is_wanted(const struct bench_operation *op, const char *pattern)
{
    size_t name_length = strlen(op->name), length = strlen(pattern);
    char text[64];
    const char *at;

    memcpy(text, op->name, name_length);
    text[name_length] = '/';
    (void)string_copy(text + name_length + 1, sizeof(text) - name_length - 1,
                      op->way);
    for (at = text; *at != '\0'; at++)
        if (strncmp(at, pattern, length) == 0)
            return true;
    return false;
}

/* Returns false when this machine cannot. Interrupts are disabled. */
static bool time_operation(const struct bench_operation *op, int64_t *ticks)
{
    uint64_t empty = 0;

    if (op->prepare != NULL && !op->prepare())
        return false;
    if (op->loop != bench_empty_loop)
        empty = time_loop(bench_empty_loop, op->iterations);
    *ticks = (int64_t)(time_loop(op->loop, op->iterations) - empty);
    if (op->finish != NULL)
        op->finish();
    return true;
}

static void measure(const struct bench_operation *op, bool print)
{
    bool irq_on = privops_irq_save(), able;
    int64_t ticks = 0;

    bench_begin();
    able = time_operation(op, &ticks);
    bench_end();
    privops_irq_restore(irq_on);
    if (!print)
        return;
    if (able)
        kprintf("BENCH sample op=%s way=%s operations=%lu ticks=%ld\n",
                op->name, op->way, op->iterations * op->per_iteration, ticks);
    else
        kprintf("BENCH absent op=%s way=%s\n", op->name, op->way);
}

void cmd_bench(unsigned int nr_args, char **args)
{
    const char *pattern = nr_args > 2 ? args[2] : "";
    const struct bench_operation *op;
    uint64_t rounds, round, ticks, ns;

    if (!command_number(args[1], MAX_ROUNDS, &rounds))
        return;
    if (bench_operations[0].name == NULL) {
        kprintf("nothing: `make bench` measures this build from outside\n");
        return;
    }
    ticks = rdtsc_ordered();
    ns = privops_clock_ns();
    /* Round 0 warms the caches, also an emulator's; it is not reported. */
    for (round = 0; round <= rounds; round++)
        for (op = bench_operations; op->name != NULL; op++)
            if (is_wanted(op, pattern))
                measure(op, round > 0);
    ticks = rdtsc_ordered() - ticks;
    ns = privops_clock_ns() - ns;
    kprintf("BENCH clock tsc_hz=%lu\n",
            ticks * US_PER_SECOND / MAX(ns / NS_PER_US, 1ul));
    kprintf("BENCH end\n");
}

/* SPDX-License-Identifier: MIT
 *
 *   bench [TEXT]                     a table, of the rows with TEXT in them
 *   bench --machine ROUNDS [TEXT]    lines for tools/bench
 *   bench --trace ROUNDS [TEXT]      the same, with a debugger (trace.c)
 *
 * Each round measures every wanted row once, so that a slow moment of the
 * host hits all of them; the table has the medians. The lines are those of
 * guest-kernel/bench/bench.c and tests/bench/bench_guest.c:
 *
 *   BENCH sample op=... way=... operations=N ticks=N
 *   BENCH exits op=... way=... operations=N name=N ...
 *   BENCH bytes op=... way=... bytes=N      that one operation moves
 *   BENCH clock tsc_hz=N
 *   BENCH end
 *
 * As process 1 it powers the machine off at its end.
 */
#include "user/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>

#define MAX_ROWS 32
#define MAX_PATTERN 1024
#define TABLE_ROUNDS 5
#define NS_PER_SECOND 1000000000ull

static struct result results[MAX_ROWS];
static unsigned int nr_results;
static unsigned int nr_rounds;

/* ---- what is wanted ---- */

/* pattern: a text, or several with commas between them. */
static bool is_wanted(const char *name, const char *pattern)
{
    char texts[MAX_PATTERN], *text, *rest;

    if (strlen(pattern) >= sizeof(texts))
        fail("the text is too long");
    strcpy(texts, pattern);
    for (rest = texts; (text = strsep(&rest, ",")) != NULL;)
        if (strstr(name, text) != NULL)
            return true;
    return false;
}

static void choose(const struct row *table, const char *way,
                   const char *pattern)
{
    const struct row *row;
    char name[64];

    for (row = table; row->name != NULL; row++) {
        (void)snprintf(name, sizeof(name), "%s/%s", row->name, way);
        if (is_wanted(name, pattern) && nr_results < MAX_ROWS)
            results[nr_results++] = (struct result){.row = row, .way = way};
    }
}

static void choose_all(const char *pattern)
{
    const char *way = exits_are_counted() ? "hypercall" : "native";

    choose(syscall_rows, way, pattern);
    choose(pipe_rows, way, pattern);
    choose(memory_rows, way, pattern);
    choose(process_rows, way, pattern);
}

/* Where tools/bench has booted something for certain rows, these alone. */
static void choose_for_tool(const char *pattern)
{
    if (control_is_there())
        choose(control_rows, "pctl", pattern);
    else if (blocks_are_there())
        choose(block_rows, blocks_way(), pattern);
    else
        choose_all(pattern);
}

/* ---- the rounds ---- */

static uint64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

static void print_sample(const struct result *result,
                         const struct sample *sample)
{
    const struct row *row = result->row;
    const char *way = result->way;
    const unsigned long long nr = row_operations(row);
    unsigned int i;

    printf("BENCH sample op=%s way=%s operations=%llu ticks=%lld\n", row->name,
           way, nr, (long long)sample->ticks);
    if (row->bytes != 0)
        printf("BENCH bytes op=%s way=%s bytes=%llu\n", row->name, way,
               (unsigned long long)row->bytes);
    if (exits_nr_names() == 0)
        return;
    printf("BENCH exits op=%s way=%s operations=%llu", row->name, way, nr);
    for (i = 0; i < exits_nr_names(); i++)
        if (sample->exits.count[i] != 0)
            printf(" %s=%lld", exits_name(i),
                   (long long)sample->exits.count[i]);
    printf("\n");
}

static void keep(struct result *result, unsigned int round,
                 const struct sample *sample)
{
    size_t i;

    result->ticks[round] =
        (double)sample->ticks / (double)row_operations(result->row);
    for (i = 0; i < MAX_EXITS; i++)
        result->exits.count[i] += sample->exits.count[i];
}

/* Returns the time-stamp counter's frequency, by the kernel's clock. */
static double measure_all(bool print)
{
    uint64_t ticks = read_ticks(), ns = now_ns();
    unsigned int round, i;
    struct sample sample;

    for (round = 0; round < nr_rounds; round++)
        for (i = 0; i < nr_results; i++) {
            measure(results[i].row, &sample);
            if (print)
                print_sample(&results[i], &sample);
            keep(&results[i], round, &sample);
        }
    ticks = read_ticks() - ticks;
    ns = now_ns() - ns;
    return (double)ticks * NS_PER_SECOND / (double)(ns > 0 ? ns : 1);
}

/* ---- the command ---- */

static void bench_for_machine(const char *pattern)
{
    double hz;

    choose_for_tool(pattern);
    hz = measure_all(true);
    printf("BENCH clock tsc_hz=%.0f\nBENCH end\n", hz);
}

static void bench_for_debugger(const char *pattern)
{
    unsigned int i;

    choose_for_tool(pattern);
    for (i = 0; i < nr_results; i++)
        trace(results[i].row, nr_rounds);
    for (i = 0; i < nr_results; i++)
        trace_tell(results[i].row, results[i].way, nr_rounds);
    printf("BENCH end\n");
}

static int bench_for_people(const char *pattern)
{
    choose_all(pattern);
    if (nr_results == 0) {
        fprintf(stderr, "bench: no row has \"%s\" in its name\n", pattern);
        return 1;
    }
    nr_rounds = TABLE_ROUNDS;
    printf("measuring %u rows, %u rounds\n", nr_results, nr_rounds);
    table_print(results, nr_results, nr_rounds, measure_all(false));
    return 0;
}

/* An option that tools/bench gives: OPTION ROUNDS [TEXT]. */
static int run_for_tool(void (*bench)(const char *pattern), int argc,
                        char **argv)
{
    nr_rounds = argc > 2 ? (unsigned int)atoi(argv[2]) : 1;
    if (nr_rounds == 0 || nr_rounds > MAX_ROUNDS) {
        fprintf(stderr, "bench: 1 to %d rounds\n", MAX_ROUNDS);
        return 1;
    }
    bench(argc > 3 ? argv[3] : "");
    return 0;
}

static int run(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--machine") == 0)
        return run_for_tool(bench_for_machine, argc, argv);
    if (argc > 1 && strcmp(argv[1], "--trace") == 0)
        return run_for_tool(bench_for_debugger, argc, argv);
    if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
        fprintf(stderr, "usage: bench [TEXT], bench --machine ROUNDS [TEXT], "
                        "or bench --trace ROUNDS [TEXT]\n");
        return 1;
    }
    return bench_for_people(argc > 1 ? argv[1] : "");
}

int main(int argc, char **argv)
{
    int status;

    /* A line at a time: a child must not inherit half of one. */
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    measure_init();
    status = run(argc, argv);
    if (getpid() == 1 && status == 0)
        (void)reboot(RB_POWER_OFF);
    return status;
}

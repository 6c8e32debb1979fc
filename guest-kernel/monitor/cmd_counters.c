/* SPDX-License-Identifier: MIT
 *
 * The command that shows how often the kernel left for the hypervisor, and how
 * long that took: a table, or with -h the histograms.
 */
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/monitor/commands.h"
#include "guest-kernel/privops/latency.h"
#include "guest-kernel/privops/privops.h"
#include "lib/macros.h"
#include "lib/printf.h"
#include "lib/string.h"

#define NS_PER_US 1000ul
/* From here on, times are in microseconds. */
#define MANY_NS (10 * NS_PER_US)
#define BAR_WIDTH 36u
#define MAX_BOUND 16

/* "<128" and "<49 ns"; of the last bucket, "1048576+" and "402 us+". */
struct bound {
    char ticks[MAX_BOUND];
    char time[MAX_BOUND];
};

static void format_bound(struct bound *bound, unsigned int bucket, uint64_t hz)
{
    bool last = bucket == LATENCY_NR_BUCKETS - 1;
    uint64_t ticks = latency_bound(bucket), time = latency_ns(ticks, hz);
    const char *unit = "ns";

    if (time >= MANY_NS) {
        time /= NS_PER_US;
        unit = "us";
    }
    (void)string_format(bound->ticks, sizeof(bound->ticks), "%s%lu%s",
                        last ? "" : "<", ticks, last ? "+" : "");
    (void)string_format(bound->time, sizeof(bound->time), "%s%lu %s%s",
                        last ? "" : "<", time, unit, last ? "+" : "");
}

/* ---- the table ---- */

/* A column of words above each kind: the kinds come one after the other. */
static const char *table_kind;

static void print_heading(const char *kind)
{
    if (table_kind != NULL && strcmp(table_kind, kind) == 0)
        return;
    table_kind = kind;
    kprintf("%-20s %9s %7s  %17s  %17s\n", kind, "count", "timed", "median",
            "99 %");
}

static void print_row(const struct privops_counter *counter)
{
    uint64_t nr_timed = latency_nr_samples(&counter->latency);
    struct bound median, most;

    print_heading(counter->kind);
    if (nr_timed == 0) {
        kprintf("  %-18s %9lu %7s\n", counter->name, counter->count, "-");
        return;
    }
    format_bound(&median, latency_percentile(&counter->latency, 50),
                 counter->tick_hz);
    format_bound(&most, latency_percentile(&counter->latency, 99),
                 counter->tick_hz);
    kprintf("  %-18s %9lu %7lu  %8s %8s  %8s %8s\n", counter->name,
            counter->count, nr_timed, median.ticks, median.time, most.ticks,
            most.time);
}

/* ---- the histograms ---- */

static uint32_t largest(const struct latency *latency)
{
    uint32_t most = 0;
    unsigned int i;

    for (i = 0; i < LATENCY_NR_BUCKETS; i++)
        most = MAX(most, latency->buckets[i]);
    return most;
}

/* Any count that is not zero is to be seen. */
static void print_bar(unsigned int bucket, uint32_t count, uint32_t most,
                      uint64_t hz)
{
    char bar[BAR_WIDTH + 1];
    size_t width = ((uint64_t)count * BAR_WIDTH + most - 1) / most;
    struct bound bound;

    memset(bar, '#', width);
    bar[width] = '\0';
    format_bound(&bound, bucket, hz);
    kprintf("  %8s %8s %7u%s%s\n", bound.ticks, bound.time, count,
            width > 0 ? " " : "", bar);
}

static void print_histogram(const struct privops_counter *counter)
{
    const struct latency *latency = &counter->latency;
    uint64_t nr_timed = latency_nr_samples(latency);
    unsigned int bucket, end;

    if (nr_timed == 0)
        return;
    kprintf("%s %s: %lu of %lu timed\n", counter->kind, counter->name, nr_timed,
            counter->count);
    end = latency_percentile(latency, 100) + 1;
    for (bucket = 0; latency->buckets[bucket] == 0; bucket++)
        ;
    for (; bucket < end; bucket++)
        print_bar(bucket, latency->buckets[bucket], largest(latency),
                  counter->tick_hz);
}

void cmd_counters(unsigned int nr_args, char **args)
{
    bool histograms = nr_args == 2 && strcmp(args[1], "-h") == 0;

    if (nr_args == 2 && !histograms) {
        kprintf("usage: counters [-h]\n");
        return;
    }
    table_kind = NULL;
    if (!privops_counters(histograms ? print_histogram : print_row))
        kprintf("no hypervisor, so nothing is counted or timed\n");
}

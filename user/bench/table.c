/* SPDX-License-Identifier: MIT
 *
 * The table for people: medians of the rounds, and why there were exits.
 */
#include "user/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>

#define NS_PER_SECOND 1e9
#define MB 1e6
#define REASONS_WIDTH 33 /* what is left of a line of 80 columns */

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, unsigned int count)
{
    qsort(values, count, sizeof(*values), compare);
    return values[count / 2];
}

static int64_t sum(const struct exits *exits)
{
    int64_t all = 0;
    size_t i;

    for (i = 0; i < MAX_EXITS; i++)
        all += exits->count[i];
    return all;
}

/* The most frequent reason; -1: none is left. */
static int most_frequent(const struct exits *exits)
{
    int i, most = -1;

    for (i = 0; i < (int)exits_nr_names(); i++)
        if (exits->count[i] > (most < 0 ? 0 : exits->count[most]))
            most = i;
    return most;
}

/* nr: of operations. Takes out what it prints: as many reasons as there is room
 * for, and none that would be shown as 0.0. */
static void print_exits(struct exits *exits, double nr)
{
    int most, room = REASONS_WIDTH;
    const char *comma = "";
    char text[64];

    printf(" %7.1f ", (double)sum(exits) / nr);
    while ((most = most_frequent(exits)) >= 0) {
        const double each = (double)exits->count[most] / nr;

        room -= snprintf(text, sizeof(text), "%s %s %.1f", comma,
                         exits_name((unsigned int)most), each);
        if (room < 0 || each < 0.05)
            return;
        fputs(text, stdout);
        exits->count[most] = 0;
        comma = ",";
    }
}

static void print_result(struct result *result, unsigned int nr_rounds,
                         double hz)
{
    const struct row *row = result->row;
    const double ticks = median(result->ticks, nr_rounds);
    const double ns = ticks * NS_PER_SECOND / hz;

    printf("%-17s %10.0f %9.0f", row->name, ns, ticks);
    if (exits_nr_names() > 0)
        print_exits(&result->exits, (double)(row_operations(row) * nr_rounds));
    if (row->bytes > 0)
        printf("  (%.0f MB/s)", (double)row->bytes / ns * NS_PER_SECOND / MB);
    printf("\n");
}

void table_print(struct result *results, unsigned int nr_results,
                 unsigned int nr_rounds, double hz)
{
    const bool counted = exits_nr_names() > 0;
    unsigned int i;

    printf("%-17s %10s %9s%s\n", "for one operation", "ns", "ticks",
           counted ? "   exits  the most frequent" : "");
    for (i = 0; i < nr_results; i++)
        print_result(&results[i], nr_rounds, hz);
    if (!counted)
        printf("(exits are not counted: there is no hypervisor)\n");
}

/* SPDX-License-Identifier: MIT */
#include "user/hcstat/exits.h"

#include <stdlib.h>
#include <string.h>

static bool parse_row(const char *line, struct exit_row *row)
{
    memset(row, 0, sizeof(*row));
    return line[0] != '#' &&
           sscanf(line, "%11s %31s %lld %lld %lld %lld %lld", row->kind,
                  row->name, &row->count, &row->samples, &row->times[0],
                  &row->times[1], &row->times[2]) == 7;
}

void exits_read(struct exits *exits, const char *path)
{
    FILE *file = fopen(path, "r");
    char line[160];

    exits->nr = 0;
    if (file == NULL)
        return;
    while (exits->nr < MAX_EXITS && fgets(line, sizeof(line), file) != NULL)
        if (parse_row(line, &exits->rows[exits->nr]))
            exits->nr++;
    fclose(file);
}

/* 0 for one that was not there yet: only what has happened is listed. */
static long long count_of(const struct exits *exits, const struct exit_row *row)
{
    unsigned int i;

    for (i = 0; i < exits->nr; i++)
        if (strcmp(exits->rows[i].name, row->name) == 0 &&
            strcmp(exits->rows[i].kind, row->kind) == 0)
            return exits->rows[i].count;
    return 0;
}

long long exits_compare(struct exits *exits, const struct exits *before)
{
    long long sum = 0;
    unsigned int i;

    for (i = 0; i < exits->nr; i++) {
        struct exit_row *row = &exits->rows[i];

        row->delta = row->count - count_of(before, row);
        sum += row->delta;
    }
    return sum;
}

static int compare(long long a, long long b)
{
    return (a > b) - (a < b);
}

static int compare_rows(const void *a, const void *b)
{
    const struct exit_row *x = a, *y = b;
    int order = compare(y->delta, x->delta);

    if (order == 0)
        order = compare(y->count, x->count);
    return order != 0 ? order : strcmp(x->name, y->name);
}

void exits_sort(struct exits *exits)
{
    qsort(exits->rows, exits->nr, sizeof(exits->rows[0]), compare_rows);
}

static void print_row(FILE *to, const struct exit_row *row, double rate)
{
    unsigned int i;

    fprintf(to, "%-9s %-20s %11lld %9.0f", row->kind, row->name, row->count,
            (double)row->delta * rate);
    for (i = 0; i < 3; i++)
        if (row->samples > 0)
            fprintf(to, " %8lld", row->times[i]);
        else
            fprintf(to, " %8s", "-");
}

void exits_print(FILE *to, const struct exits *exits, unsigned int max_rows,
                 double rate, const char *end)
{
    unsigned int i;

    fprintf(to, "%-9s %-20s %11s %9s %8s %8s %8s%s", "KIND", "NAME", "COUNT",
            "PER S", "p50 ns", "p90 ns", "p99 ns", end);
    for (i = 0; i < exits->nr && i < max_rows; i++) {
        print_row(to, &exits->rows[i], rate);
        fputs(end, to);
    }
}

void exits_print_deltas(FILE *to, const struct exits *exits)
{
    unsigned int i;

    fprintf(to, "%-9s %-20s %11s\n", "KIND", "NAME", "COUNT");
    for (i = 0; i < exits->nr && exits->rows[i].delta > 0; i++)
        fprintf(to, "%-9s %-20s %11lld\n", exits->rows[i].kind,
                exits->rows[i].name, exits->rows[i].delta);
}

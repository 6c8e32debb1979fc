/* SPDX-License-Identifier: MIT
 *
 * What /proc/exits says: how often the kernel left for the hypervisor, reason
 * by reason, and the table that is made of it.
 */
#ifndef USER_HCSTAT_EXITS_H
#define USER_HCSTAT_EXITS_H

#include <stdbool.h>
#include <stdio.h>

#define MAX_EXITS 128

struct exit_row {
    char kind[12]; /* "hypercall" or "exit" */
    char name[32];
    long long count;
    long long samples;  /* of the times: nanoseconds, since the start */
    long long times[3]; /* 50, 90 and 99 percent took less than that */
    long long delta;    /* count since an earlier look */
};

struct exits {
    struct exit_row rows[MAX_EXITS];
    unsigned int nr; /* 0: no hypervisor, or no such file */
};

void exits_read(struct exits *exits, const char *path);

/* Sets each row's delta to what came since `before`. Returns their sum. */
long long exits_compare(struct exits *exits, const struct exits *before);

/* The largest delta first, and of equals the largest count. */
void exits_sort(struct exits *exits);

/* At most max_rows lines, under one with titles; rate is what a delta is
 * multiplied with. Each line ends with `end`. */
void exits_print(FILE *to, const struct exits *exits, unsigned int max_rows,
                 double rate, const char *end);

/* Those that have come since, a line for each. */
void exits_print_deltas(FILE *to, const struct exits *exits);

#endif

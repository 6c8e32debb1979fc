/* SPDX-License-Identifier: MIT
 *
 * A table for a person: each column as wide as its widest cell.
 */
#ifndef USER_PCTL_TABLE_H
#define USER_PCTL_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#define TABLE_MAX_COLUMNS 8

struct table {
    FILE *cells; /* into text, each with a 0 after it */
    char *text;
    size_t size;
    unsigned int nr_columns;
    unsigned int nr_cells;
    const char *const *titles; /* one that begins with '>' is to the right */
    unsigned int widths[TABLE_MAX_COLUMNS];
};

/* False when there is no memory. titles ends with NULL, and stays. */
bool table_begin(struct table *t, const char *const *titles);

/* Row by row, from the left to the right. */
void table_cell(struct table *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints it, titles first, and frees it; with NULL it only frees. */
void table_end(struct table *t, FILE *to);

#endif

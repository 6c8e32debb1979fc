/* SPDX-License-Identifier: MIT
 *
 * A table for a person: each column as wide as its widest cell.
 */
#ifndef USER_PCTL_TABLE_H
#define USER_PCTL_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#define TABLE_MAX_COLUMNS 8
#define TABLE_MAX_CELL 64 /* characters, with the 0; what is longer is cut */

struct table {
    char *text; /* of all cells, each with its 0 */
    size_t used;
    size_t size;
    bool failed; /* there was no memory for a cell */
    unsigned int nr_columns;
    unsigned int nr_cells;
    const char *const *titles; /* one that begins with '>' is to the right */
    unsigned int widths[TABLE_MAX_COLUMNS];
};

/* titles ends with NULL, and stays. */
void table_begin(struct table *t, const char *const *titles);

/* Row by row, from the left to the right. */
void table_cell(struct table *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints it, titles first, and frees it; with NULL it only frees. Nothing ends
 * with a blank. False, and nothing is printed: there was no memory for it. */
bool table_end(struct table *t, FILE *to);

#endif

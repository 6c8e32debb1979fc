/* SPDX-License-Identifier: MIT */
#include "user/pctl/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static bool is_right(const char *title)
{
    return title[0] == '>';
}

static const char *shown(const char *title)
{
    return title + is_right(title);
}

bool table_begin(struct table *t, const char *const *titles)
{
    *t = (struct table){.titles = titles};
    for (; titles[t->nr_columns]; t->nr_columns++)
        t->widths[t->nr_columns] =
            (unsigned int)strlen(shown(titles[t->nr_columns]));
    t->cells = open_memstream(&t->text, &t->size);
    return t->cells != NULL;
}

void table_cell(struct table *t, const char *format, ...)
{
    unsigned int *width = &t->widths[t->nr_cells++ % t->nr_columns];
    va_list args;
    int length;

    va_start(args, format);
    length = vfprintf(t->cells, format, args);
    va_end(args);
    (void)fputc('\0', t->cells);
    if (length > 0 && (unsigned int)length > *width)
        *width = (unsigned int)length;
}

static void print_cell(const struct table *t, FILE *to, unsigned int column,
                       const char *text)
{
    int width = (int)t->widths[column];

    if (is_right(t->titles[column]))
        (void)fprintf(to, "%*s", width, text);
    else if (column + 1 < t->nr_columns)
        (void)fprintf(to, "%-*s", width, text);
    else
        (void)fputs(text, to);
    (void)fputs(column + 1 < t->nr_columns ? "  " : "\n", to);
}

void table_end(struct table *t, FILE *to)
{
    const char *text;

    if (fclose(t->cells) == 0 && to) {
        for (unsigned int i = 0; i < t->nr_columns; i++)
            print_cell(t, to, i, shown(t->titles[i]));
        text = t->text;
        for (unsigned int i = 0; i < t->nr_cells; i++) {
            print_cell(t, to, i % t->nr_columns, text);
            text += strlen(text) + 1;
        }
    }
    free(t->text);
}

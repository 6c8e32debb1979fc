/* SPDX-License-Identifier: MIT
 *
 * A list of 200 domains has 1,000 cells: each is formatted once, and then
 * only copied.
 */
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

void table_begin(struct table *t, const char *const *titles)
{
    *t = (struct table){.titles = titles};
    for (; titles[t->nr_columns]; t->nr_columns++)
        t->widths[t->nr_columns] =
            (unsigned int)strlen(shown(titles[t->nr_columns]));
}

/* Room for one more. */
static bool make_room(struct table *t)
{
    size_t size = 2 * t->size + 2048;
    char *text;

    if (t->size - t->used >= TABLE_MAX_CELL)
        return true;
    text = realloc(t->text, size);
    if (!text)
        return false;
    t->text = text;
    t->size = size;
    return true;
}

void table_cell(struct table *t, const char *format, ...)
{
    unsigned int *width = &t->widths[t->nr_cells++ % t->nr_columns];
    unsigned int length;
    va_list args;

    t->failed = t->failed || !make_room(t);
    if (t->failed)
        return;
    va_start(args, format);
    (void)vsnprintf(t->text + t->used, TABLE_MAX_CELL, format, args);
    va_end(args);
    length = (unsigned int)strlen(t->text + t->used);
    t->used += length + 1;
    if (length > *width)
        *width = length;
}

static void print_blanks(FILE *to, size_t nr)
{
    static const char blanks[] = "                                ";

    for (; nr >= sizeof(blanks); nr -= sizeof(blanks) - 1)
        (void)fputs(blanks, to);
    (void)fwrite(blanks, 1, nr, to);
}

static void print_cell(const struct table *t, FILE *to, unsigned int column,
                       const char *text, size_t length)
{
    bool is_last = column + 1 == t->nr_columns;
    size_t blanks = t->widths[column] - length;

    if (is_right(t->titles[column]))
        print_blanks(to, blanks);
    (void)fwrite(text, 1, length, to);
    if (is_last)
        (void)fputc('\n', to);
    else
        print_blanks(to, 2 + (is_right(t->titles[column]) ? 0 : blanks));
}

static void print(const struct table *t, FILE *to)
{
    const char *text = t->text;

    for (unsigned int i = 0; i < t->nr_columns; i++)
        print_cell(t, to, i, shown(t->titles[i]), strlen(shown(t->titles[i])));
    for (unsigned int i = 0; i < t->nr_cells; i++) {
        size_t length = strlen(text);

        print_cell(t, to, i % t->nr_columns, text, length);
        text += length + 1;
    }
}

bool table_end(struct table *t, FILE *to)
{
    if (to && !t->failed)
        print(t, to);
    free(t->text);
    return !t->failed;
}

/* SPDX-License-Identifier: MIT
 *
 * Runs the rows and says what was seen. A line is
 *
 *   probe | PASS | INSTRUCTION | KIND | OUTCOME | VIEW | EXITS
 *
 * OUTCOME is "ran", or the exception; VIEW is "label = value", or "-"; EXITS
 * are the hypervisor's counters that moved, as "name=n". A judgement is made
 * of two such lines by tests/probe/table.py, not here.
 */
#include "tests/probe/probe.h"

#include <stdarg.h>

#include "lib/macros.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "tests/probe/env.h"
#include "tests/probe/views.h"

/* Written in one go: each write is a hypercall. */
struct line {
    size_t used;
    char text[256];
};

static void __attribute__((format(printf, 2, 3)))
line_add(struct line *line, const char *format, ...)
{
    size_t space = sizeof(line->text) - line->used;
    va_list args;
    int length;

    va_start(args, format);
    length = string_vformat(line->text + line->used, space, format, args);
    va_end(args);
    line->used += MIN((size_t)length, space - 1);
}

static void add_outcome(struct line *line, const struct probe_outcome *outcome)
{
    static const char *const names[] = {
        "#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "",
        "#TS", "#NP", "#SS", "#GP", "#PF", "",    "#MF", "#AC", "#MC", "#XM"};

    if (outcome->returned)
        line_add(line, " | ran");
    else if (outcome->vector < ARRAY_SIZE(names))
        line_add(line, " | %s", names[outcome->vector]);
    else
        line_add(line, " | interrupt %lu", outcome->vector);
}

static void add_view(struct line *line, const struct probe_row *row,
                     const struct probe_io *io,
                     const struct probe_outcome *outcome)
{
    if (!outcome->returned || !row->view->look)
        line_add(line, " | -");
    else
        line_add(line, " | %s = %#lx", row->view->label,
                 row->view->look(io, outcome->result));
}

static void add_exits(struct line *line, const struct env_exits *before,
                      const struct env_exits *after)
{
    line_add(line, " |");
    if (after->emulated != before->emulated)
        line_add(line, " emulated=%lu", after->emulated - before->emulated);
    if (after->reflected != before->reflected)
        line_add(line, " reflected=%lu", after->reflected - before->reflected);
    if (after->exception != before->exception)
        line_add(line, " exception=%lu", after->exception - before->exception);
    if (after->hypercall != before->hypercall)
        line_add(line, " hypercall=%lu", after->hypercall - before->hypercall);
}

static void run_row(const char *pass, const struct probe_row *row)
{
    static struct probe_io io;
    struct line line = {.used = 0};
    struct env_exits before, after;
    struct probe_outcome outcome;

    memset(&io, 0, sizeof(io));
    env_reset();
    if (row->setup)
        row->setup(&io);
    env_exits_read(&before);
    outcome = env_run(row->deed, &io);
    env_exits_read(&after);
    line_add(&line, "probe | %s | %-32s | %-9s", pass, row->text,
             row->kind == PROBE_CONTROL ? "control" : "behaviour");
    add_outcome(&line, &outcome);
    add_view(&line, row, &io, &outcome);
    add_exits(&line, &before, &after);
    line_add(&line, "\n");
    env_write(line.text, line.used);
    env_reset();
}

static void print_group(const char *pass, const char *heading)
{
    struct line line = {.used = 0};

    line_add(&line, "group | %s | %s\n", pass, heading);
    env_write(line.text, line.used);
}

void probe_run(const char *pass)
{
    for (unsigned int i = 0; i < probe_nr_rows; i++) {
        if (probe_rows[i].group)
            print_group(pass, probe_rows[i].group);
        else
            run_row(pass, &probe_rows[i]);
    }
}

/* SPDX-License-Identifier: MIT
 *
 * Owns the way to the console. A write that the hypervisor refuses is lost:
 * there is nowhere else to say so.
 */
#include "tests/kernels/lib/console.h"

#include "abi/stubs.h"
#include "lib/printf.h"

void mg_write(const char *text, size_t size)
{
    while (size > 0) {
        int64_t written =
            HYPERCALL_RESTARTED(hypercall_console_write(text, size));

        if (written <= 0)
            return;
        text += written;
        size -= (size_t)written;
    }
}

/* Gathers the pieces, so that lines of several vCPUs do not mix. */
struct line {
    size_t used;
    char text[512];
};

static void line_flush(struct line *line)
{
    mg_write(line->text, line->used);
    line->used = 0;
}

static void line_put(void *ctx, const char *text, size_t size)
{
    struct line *line = ctx;

    for (size_t i = 0; i < size; i++) {
        if (line->used == sizeof(line->text))
            line_flush(line);
        line->text[line->used++] = text[i];
    }
}

void mg_vprintf(const char *format, va_list args)
{
    struct line line;

    line.used = 0;
    format_to(line_put, &line, format, args);
    line_flush(&line);
}

void mg_printf(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    mg_vprintf(format, args);
    va_end(args);
}

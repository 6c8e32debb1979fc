/* SPDX-License-Identifier: MIT
 *
 * One sample of a row: what its loop takes and how often the kernel left for
 * the hypervisor meanwhile, less the same of its baseline. The loop has been
 * run before, so that pages, caches and an emulator are warm.
 */
#include "user/bench/bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reading the counters twice in a row: what that itself adds to them. */
static struct exits of_reading;

_Noreturn void fail(const char *what)
{
    fflush(stdout);
    fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* lfence keeps later instructions from passing it, and it earlier ones. */
uint64_t read_ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence\n\trdtsc\n\tlfence"
                     : "=a"(low), "=d"(high)
                     :
                     : "memory");
    return (uint64_t)high << 32 | low;
}

static void subtract(struct exits *from, const struct exits *what)
{
    size_t i;

    for (i = 0; i < MAX_EXITS; i++)
        from->count[i] -= what->count[i];
}

void measure_init(void)
{
    struct exits before;
    unsigned int i;

    for (i = 0; i < WARM_UP; i++) {
        exits_read(&before);
        exits_read(&of_reading);
    }
    subtract(&of_reading, &before);
}

uint64_t row_operations(const struct row *row)
{
    return row->iterations * row->per_iteration;
}

void row_begin(const struct row *row, uint64_t iterations)
{
    if (row->before != NULL)
        row->before(iterations);
}

void row_end(const struct row *row)
{
    if (row->after != NULL)
        row->after();
}

void row_warm_up(const struct row *row, loop_t *loop)
{
    row_begin(row, WARM_UP);
    loop(WARM_UP);
    row_end(row);
}

static void run(const struct row *row, loop_t *loop, struct sample *sample)
{
    struct exits before;
    uint64_t start;

    row_warm_up(row, loop);
    row_begin(row, row->iterations);
    exits_read(&before);
    start = read_ticks();
    loop(row->iterations);
    sample->ticks = (int64_t)(read_ticks() - start);
    exits_read(&sample->exits);
    row_end(row);
    subtract(&sample->exits, &before);
    subtract(&sample->exits, &of_reading);
}

void measure(const struct row *row, struct sample *sample)
{
    struct sample baseline;

    if (row->prepare != NULL)
        row->prepare();
    run(row, row->loop, sample);
    if (row->baseline != NULL) {
        run(row, row->baseline, &baseline);
        sample->ticks -= baseline.ticks;
        subtract(&sample->exits, &baseline.exits);
    }
    if (row->finish != NULL)
        row->finish();
}

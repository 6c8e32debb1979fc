/* SPDX-License-Identifier: MIT
 *
 * Rows for a debugger: tools/bench stops at bench_mark() and has QEMU log all
 * that is executed up to the next mark, to tell which part of an operation is
 * the program's, the kernel's and the hypervisor's.
 */
#include "user/bench/bench.h"

#include <stdio.h>

/* Another program may have something else at the same address: the argument
 * tells the debugger that it is this one (tools/bench_lib/parts.py). */
#define MAGIC 0x6b72616d68636e65ul

void bench_mark(uint64_t magic);

__attribute__((noinline)) void bench_mark(uint64_t magic)
{
    __asm__ volatile("" : : "r"(magic) : "memory");
}

static void between_marks(const struct row *row, loop_t *loop,
                          uint64_t iterations)
{
    row_begin(row, iterations);
    bench_mark(MAGIC);
    loop(iterations);
    bench_mark(MAGIC);
    row_end(row);
}

static void tell(const struct row *row, const char *way, int sign)
{
    printf("BENCH trace op=%s way=%s operations=%llu sign=%d\n", row->name, way,
           (unsigned long long)row->per_iteration, sign);
}

/* Without a baseline it is the marks and the loop's frame that are taken off.
 */
static void trace_once(const struct row *row)
{
    between_marks(row, row->loop, 1);
    if (row->baseline != NULL)
        between_marks(row, row->baseline, 1);
    else
        between_marks(row, row->loop, 0);
}

void trace(const struct row *row, unsigned int nr_rounds)
{
    unsigned int i;

    if (row->prepare != NULL)
        row->prepare();
    row_warm_up(row, row->loop);
    if (row->baseline != NULL)
        row_warm_up(row, row->baseline);
    for (i = 0; i < nr_rounds; i++)
        trace_once(row);
    if (row->finish != NULL)
        row->finish();
}

void trace_tell(const struct row *row, const char *way, unsigned int nr_rounds)
{
    unsigned int i;

    for (i = 0; i < nr_rounds; i++) {
        tell(row, way, 1);
        tell(row, way, -1);
    }
}

/* SPDX-License-Identifier: MIT
 *
 * What is measured: tables of operations, in the order in which they run.
 */
#ifndef BENCH_XEN_OPERATION_H
#define BENCH_XEN_OPERATION_H

#include <stddef.h>
#include <stdint.h>

#include "tests/bench/xen/loops.h"

/* For a loop whose rax says nothing. */
#define RESULT_ANY INT64_MIN

struct operation {
    const char *name;
    const char *way;
    bench_loop_t *loop;
    uint64_t iterations;
    uint64_t per_iteration; /* operations */
    void (*prepare)(void);
    int64_t result; /* of the loop, or the figure means nothing */
};

/* Set by prepare() of one that copies: makes it a copy of one word. What the
 * whole copy takes more is told apart. */
extern void (*bench_copy_word)(void);

extern const struct operation core_operations[];
extern const size_t nr_core_operations;
extern const struct operation memory_operations[];
extern const size_t nr_memory_operations;

/* Once, before all others: what the rows of memory need for good. */
void memory_operations_init(void);

#endif

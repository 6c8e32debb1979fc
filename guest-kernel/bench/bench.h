/* SPDX-License-Identifier: MIT
 *
 * What the bench measures in this kernel: a table that each build links in,
 * and what has to be in place while it is measured. The native build has the
 * operations as the bare machine does them (native.c); the pv build has none,
 * for its figures come from a micro-guest that has the vCPU to itself.
 */
#ifndef GUEST_KERNEL_BENCH_BENCH_H
#define GUEST_KERNEL_BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>

/* Does its operation so many times. */
typedef void bench_loop_t(uint64_t iterations);

struct bench_operation {
    const char *name;
    const char *way;
    bench_loop_t *loop;
    uint64_t iterations;
    uint64_t per_iteration; /* operations */
    bool (*prepare)(void); /* false: this machine cannot; NULL: nothing to do */
    void (*finish)(void);  /* checks the result, undoes prepare; may be NULL */
};

/* Ends with an entry that has no name. */
extern const struct bench_operation bench_operations[];

/* Nothing: what a loop itself costs. NULL when there are no operations. */
extern bench_loop_t *const bench_empty_loop;

/* Around each measurement, with interrupts disabled: nothing may disturb it. */
void bench_begin(void);
void bench_end(void);

#endif

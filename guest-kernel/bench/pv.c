/* SPDX-License-Identifier: MIT
 *
 * The pv build has no operations of its own (see bench.h).
 */
#include <stddef.h>

#include "guest-kernel/bench/bench.h"

const struct bench_operation bench_operations[] = {{.name = NULL}};
bench_loop_t *const bench_empty_loop = NULL;

void bench_begin(void)
{
}

void bench_end(void)
{
}

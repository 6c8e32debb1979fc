/* SPDX-License-Identifier: MIT
 *
 * Which rows are wanted.
 */
#ifndef TESTS_BENCH_PATTERN_H
#define TESTS_BENCH_PATTERN_H

#include <stdbool.h>

/* Whether "op/way" holds the pattern. */
bool bench_is_wanted(const char *op, const char *way, const char *pattern);

#endif

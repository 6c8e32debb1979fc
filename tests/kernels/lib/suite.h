/* SPDX-License-Identifier: MIT
 *
 * The suite of a hypercall: a function in which it succeeds, and returns each
 * error that abi/hypercalls.def names, and no other. A call without a suite, or
 * with one that leaves an error out, is a failure.
 */
#ifndef KERNELS_SUITE_H
#define KERNELS_SUITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/stubs.h"
#include "tests/kernels/lib/test.h"

struct mg_suite {
    uint64_t number;
    void (*run)(void);
};

/* Of suite_name. */
#define MG_SUITE(name)                                                         \
    {                                                                          \
        PARAPET_HC_##name, suite_##name                                        \
    }

/* Runs the suite of one hypercall, which abi/hypercalls.def has. */
void mg_suite_run(const struct mg_suite *suites, size_t nr, uint64_t number);

/* Within a suite: makes a call of its subject, notes and gives the result. */
#define NOTED(call) (mg_suite_begin(), mg_suite_note(#call, call))
#define RETURNS(call, value) MG_CHECK_EQ(NOTED(call), value)
#define REFUSES(call, error) MG_CHECK_EQ(NOTED(call), -PARAPET_##error)

/* For what cannot be seen here: it is said where it is, or why it is not. */
void mg_suite_excuse_success(void);
void mg_suite_excuse(int64_t error);

void mg_suite_begin(void);
int64_t mg_suite_note(const char *text, int64_t result);

#endif

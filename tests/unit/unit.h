/* SPDX-License-Identifier: MIT
 *
 * What each unit test includes: cmocka with the headers it needs before it,
 * and a random generator.
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/random.h"

/* The name since cmocka 2, which has deprecated the one before. */
#ifndef assert_int_in_range
#define assert_int_in_range assert_in_range
#endif

/* UNIT_CASE=NAME of the environment: only that case. */
static __attribute__((constructor)) void unit_one_case(void)
{
    const char *name = getenv("UNIT_CASE");

    if (name)
        cmocka_set_test_filter(name);
}

/* Newer compilers look for this by themselves; all are to see the same. */
const char *__asan_default_options(void);
__attribute__((weak)) const char *__asan_default_options(void)
{
    return "detect_stack_use_after_return=1";
}

#endif

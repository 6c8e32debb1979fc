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

#endif

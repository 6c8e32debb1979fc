/* SPDX-License-Identifier: MIT
 *
 * What each unit test includes: cmocka with the headers it needs before it,
 * and a random generator that yields the same numbers in every run.
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The name since cmocka 2, which has deprecated the one before. */
#ifndef assert_int_in_range
#define assert_int_in_range assert_in_range
#endif

/* Marsaglia's xorshift64; *state starts as anything but 0. */
static inline uint64_t unit_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

#endif

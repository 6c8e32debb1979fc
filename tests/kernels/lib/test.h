/* SPDX-License-Identifier: MIT
 *
 * A micro-guest is one file with MG_TEST(name) and test_main(). Four results:
 *
 *   success  test_main returned and nothing failed
 *   skip     mg_skip: the test does not apply here
 *   error    mg_error: the test itself is at fault
 *   failure  mg_failure or a check: the hypervisor is at fault
 *
 * The last line is "TEST name: result NONCE": tests/kernels/run gives each
 * domain a nonce of its own in the boot arguments, and believes no other.
 * Success and skip power the domain off; error and failure end it as crashed.
 */
#ifndef KERNELS_TEST_H
#define KERNELS_TEST_H

#include <stdbool.h>
#include <stdint.h>

#define MG_TEST(name) const char mg_test_name[] = #name

extern const char mg_test_name[];
void test_main(void);

/* Notes a failure and goes on. */
void mg_failure(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* End the test now. */
_Noreturn void mg_skip(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
_Noreturn void mg_error(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
_Noreturn void mg_finish(void);

/*
 * For tests that expect their end by the hypervisor: prints "TEST name: armed
 * NONCE", without which tests/kernels/run does not believe the end. Reaching
 * mg_not_killed() is a failure, and ends the test.
 */
void mg_expect_kill(void);
_Noreturn void mg_not_killed(void);

/* How many failures there were so far. */
uint64_t mg_failures(void);

/* Each gives its own value, so that a caller can stop at the first failure. */
#define MG_CHECK(condition)                                                    \
    mg_check((condition), __FILE__, __LINE__, #condition)
#define MG_CHECK_EQ(actual, expected)                                          \
    mg_check_eq((int64_t)(actual), (int64_t)(expected), __FILE__, __LINE__,    \
                #actual)

bool mg_check(bool ok, const char *file, int line, const char *text);
bool mg_check_eq(int64_t actual, int64_t expected, const char *file, int line,
                 const char *text);

#endif

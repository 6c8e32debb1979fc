/* SPDX-License-Identifier: MIT
 *
 * lib/macros.h: what another CPU changes meanwhile has one value.
 */
#include "tests/unit/unit.h"

#include "lib/macros.h"

static unsigned int nr_asked;

/* Another number each time. */
static uint32_t ask(void)
{
    return 10 * ++nr_asked;
}

static int begin(void **state)
{
    (void)state;
    nr_asked = 0;
    return 0;
}

static void arguments_are_evaluated_once(void **state)
{
    (void)state;
    assert_int_equal(MIN(ask(), 50u), 10);
    assert_int_equal(MAX(5u, ask()), 20);
    assert_int_equal(MAX(MIN(ask(), 25u), MIN(ask(), 35u)), 35);
    assert_int_equal(nr_asked, 4);
}

static void types_are_the_common_ones(void **state)
{
    (void)state;
    assert_true(MIN(UINT64_MAX, 7u) == 7);
    assert_true(MAX((int64_t)-1, 0) == 0);
    assert_true(MAX(3u, UINT64_MAX) == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(arguments_are_evaluated_once, begin),
        cmocka_unit_test(types_are_the_common_ones),
    };

    return cmocka_run_group_tests_name("lib/macros", tests, NULL, NULL);
}

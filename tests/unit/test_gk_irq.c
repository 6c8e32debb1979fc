/* SPDX-License-Identifier: MIT
 *
 * guest-kernel/core/irq.c: whose handler a port has, with which data, and what
 * is a bug.
 */
#include "tests/unit/unit.h"

#include <setjmp.h>

#include "abi/abi.h"
#include "guest-kernel/core/irq.h"
#include "guest-kernel/core/panic.h"

#define LAST_PORT (PARAPET_NR_PORTS - 1u)

static jmp_buf after_bug;

void panic(const char *format, ...)
{
    (void)format;
    longjmp(after_bug, 1);
}

static void count(void *data)
{
    ++*(unsigned int *)data;
}

static bool binding_is_a_bug(uint32_t port)
{
    static unsigned int unused;

    if (setjmp(after_bug) != 0)
        return true;
    irq_bind(port, count, &unused);
    return false;
}

/* One handler for two ports: its data tells them apart. */
static void test_data(void **state)
{
    static unsigned int first, last;

    (void)state;
    assert_false(irq_raise(7));
    assert_int_equal(irq_count(7), 0);
    irq_bind(7, count, &first);
    irq_bind(LAST_PORT, count, &last);
    assert_true(irq_raise(LAST_PORT));
    assert_true(irq_raise(7));
    assert_true(irq_raise(7));
    assert_int_equal(first, 2);
    assert_int_equal(last, 1);
    assert_int_equal(irq_count(7), 2);
    assert_int_equal(irq_count(LAST_PORT), 1);
}

static void test_nobodys(void **state)
{
    (void)state;
    assert_false(irq_raise(0));
    assert_false(irq_raise(8));
    assert_false(irq_raise(PARAPET_NR_PORTS));
    assert_false(irq_raise(UINT32_MAX));
    assert_int_equal(irq_count(8), 0);
    assert_int_equal(irq_count(UINT32_MAX), 0);
}

static unsigned int others;

static bool raise_other(uint32_t port)
{
    others += port == 9;
    return port == 9;
}

/* Those that are bound are not asked for. */
static void test_others(void **state)
{
    (void)state;
    irq_set_others(raise_other);
    assert_true(irq_raise(9));
    assert_false(irq_raise(8));
    assert_true(irq_raise(7));
    assert_int_equal(others, 1);
    irq_set_others(NULL);
    assert_false(irq_raise(9));
}

/* Twice, out of range, and one more than there is room for. */
static void test_bugs(void **state)
{
    uint32_t port;

    (void)state;
    assert_true(binding_is_a_bug(7));
    assert_true(binding_is_a_bug(PARAPET_NR_PORTS));
    for (port = 100; port < 100 + IRQ_MAX_BOUND - 2; port++)
        assert_false(binding_is_a_bug(port));
    assert_true(binding_is_a_bug(port));
    assert_false(irq_raise(port));
    assert_true(irq_raise(port - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data),
        cmocka_unit_test(test_nobodys),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_bugs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * hypervisor/base/lock_order.c: every pair of classes in both orders, two
 * domains, two run queues, and what else is a bug. A panic's text names both
 * locks.
 */
#include "tests/unit/unit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hypervisor/base/bug.h"
#include "hypervisor/base/lock_order.h"

static struct locks_held held;
static jmp_buf panicked;
static char text[200];

_Noreturn void panic(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    longjmp(panicked, 1);
}

/* Whether it is a bug to take this one now. */
static bool is_refused(const struct lock_id *lock)
{
    text[0] = '\0';
    if (setjmp(panicked))
        return true;
    lock_order_note(&held, lock);
    return false;
}

static bool is_refused_to_forget(const struct lock_id *lock)
{
    if (setjmp(panicked))
        return true;
    lock_order_forget(&held, lock);
    return false;
}

static int set_up(void **state)
{
    (void)state;
    memset(&held, 0, sizeof(held));
    return 0;
}

static void test_pairs(void **state)
{
    (void)state;
    for (uint32_t a = LOCK_NONE + 1; a < NR_LOCK_CLASSES; a++) {
        for (uint32_t b = LOCK_NONE + 1; b < NR_LOCK_CLASSES; b++) {
            struct lock_id one = {.class = a}, other = {.class = b};

            assert_false(is_refused(&one));
            assert_int_equal(is_refused(&other), b <= a);
            assert_false(is_refused_to_forget(&one));
            assert_int_equal(is_refused_to_forget(&other), b <= a);
            assert_int_equal(held.nr, 0);
        }
    }
}

/* In the rising order of ids, and with what comes after domains beside them. */
static void test_two_domains(void **state)
{
    struct lock_id three = {LOCK_domain, 3}, five = {LOCK_domain, 5};
    struct lock_id queue = {LOCK_run_queue, 0};

    (void)state;
    assert_false(is_refused(&three));
    assert_false(is_refused(&five));
    assert_false(is_refused(&queue));
    assert_false(is_refused_to_forget(&queue));
    assert_false(is_refused_to_forget(&three));
    assert_true(is_refused(&three));
    assert_non_null(strstr(text, "a domain's lock (3)"));
    assert_non_null(strstr(text, "under a domain's lock (5)"));
    assert_true(is_refused(&five));
}

/* In the rising order of their CPUs. */
static void test_two_run_queues(void **state)
{
    struct lock_id zero = {LOCK_run_queue, 0}, three = {LOCK_run_queue, 3};
    struct lock_id frame = {LOCK_frame, 0}, domain = {LOCK_domain, 7};

    (void)state;
    assert_false(is_refused(&zero));
    assert_false(is_refused(&three));
    assert_true(is_refused(&domain));
    assert_false(is_refused(&frame));
    assert_false(is_refused_to_forget(&frame));
    assert_false(is_refused_to_forget(&zero));
    assert_true(is_refused(&zero));
    assert_non_null(strstr(text, "a run queue's lock (0)"));
    assert_non_null(strstr(text, "under a run queue's lock (3)"));
    assert_true(is_refused(&three));
}

/* It is looked at all that are held, not at the last one. */
static void test_three(void **state)
{
    struct lock_id memory = {LOCK_memory, 0}, domain = {LOCK_domain, 1};
    struct lock_id frame = {LOCK_frame, 0}, output = {LOCK_output, 0};

    (void)state;
    assert_false(is_refused(&memory));
    assert_false(is_refused(&domain));
    assert_false(is_refused(&frame));
    assert_false(is_refused_to_forget(&memory));
    assert_true(is_refused(&output));
    assert_non_null(strstr(text, "the console's output lock (0)"));
    assert_non_null(strstr(text, "under the free frames' lock (0)"));
    assert_false(is_refused_to_forget(&frame));
    assert_false(is_refused(&output));
    assert_true(is_refused(&memory));
}

static bool is_refused_to_wait(void)
{
    text[0] = '\0';
    if (setjmp(panicked))
        return true;
    lock_order_note_wait(&held);
    return false;
}

/* Flushes are waited for under a memory lock, and under nothing below it. */
static void test_waits(void **state)
{
    (void)state;
    assert_false(is_refused_to_wait());
    for (uint32_t class = LOCK_NONE + 1; class < NR_LOCK_CLASSES; class ++) {
        struct lock_id lock = {.class = class};

        assert_false(is_refused(&lock));
        assert_int_equal(is_refused_to_wait(), class > LOCK_memory);
        assert_int_equal(strstr(text, "waited for to flush") != NULL,
                         class > LOCK_memory);
        assert_false(is_refused_to_forget(&lock));
    }
}

static void test_other_bugs(void **state)
{
    struct lock_id none = {0}, domains[LOCK_ORDER_MAX + 1];

    (void)state;
    assert_true(is_refused(&none));
    assert_non_null(strstr(text, "no class"));
    for (uint32_t i = 0; i <= LOCK_ORDER_MAX; i++) {
        domains[i] = (struct lock_id){LOCK_domain, i};
        assert_int_equal(is_refused(&domains[i]), i == LOCK_ORDER_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_pairs, set_up),
        cmocka_unit_test_setup(test_two_domains, set_up),
        cmocka_unit_test_setup(test_two_run_queues, set_up),
        cmocka_unit_test_setup(test_three, set_up),
        cmocka_unit_test_setup(test_waits, set_up),
        cmocka_unit_test_setup(test_other_bugs, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

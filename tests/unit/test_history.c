/* SPDX-License-Identifier: MIT
 *
 * pvdrivers/history.c against all that was ever added.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/macros.h"
#include "pvdrivers/history.h"
#include "tests/unit/env_host.h"

static struct history history;

static int setup(void **state)
{
    (void)state;
    env_host_reset();
    env_host_be(0);
    memset(&history, 0, sizeof(history));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    history_free(&history);
    assert_int_equal(env_host_use(0).pages, 0);
    return 0;
}

static uint8_t byte_of(uint64_t number)
{
    return (uint8_t)(number * 7 + number / 251);
}

static void add(uint32_t nr)
{
    uint8_t *text = malloc(nr);

    for (uint32_t i = 0; i < nr; i++)
        text[i] = byte_of(history.end + i);
    history_add(&history, text, nr);
    free(text);
}

/* From there on, that many at most: what is there, and where it goes on. */
static void check_read(uint64_t position, uint32_t room, uint64_t first,
                       uint32_t nr)
{
    uint8_t *text = malloc(room);

    assert_int_equal(history_read(&history, &position, text, room), nr);
    assert_int_equal(position, first + nr);
    for (uint32_t i = 0; i < nr; i++)
        assert_int_equal(text[i], byte_of(first + i));
    free(text);
}

static void test_silent(void **state)
{
    (void)state;
    check_read(0, 10, 0, 0);
    check_read(99, 10, 0, 0);
    history_add(&history, NULL, 0);
    assert_int_equal(env_host_use(0).pages, 0);
}

static void test_last(void **state)
{
    (void)state;
    add(5);
    check_read(0, 10, 0, 5);
    check_read(2, 2, 2, 2);
    check_read(7, 2, 5, 0);
    assert_int_equal(env_host_use(0).pages, 1);
    add(HISTORY_SIZE - 5);
    check_read(0, HISTORY_SIZE + 1, 0, HISTORY_SIZE);
    assert_int_equal(env_host_use(0).pages, HISTORY_PAGES);
    add(1);
    check_read(0, HISTORY_SIZE, 1, HISTORY_SIZE);
    add(2 * HISTORY_SIZE + 3);
    check_read(100, 7, 2 * HISTORY_SIZE + 4, 7);
    check_read(0, 2 * HISTORY_SIZE, 2 * HISTORY_SIZE + 4, HISTORY_SIZE);
    assert_int_equal(env_host_use(0).pages, HISTORY_PAGES);
}

static void test_random(void **state)
{
    uint64_t random = 1;

    (void)state;
    for (int i = 0; i < 300; i++) {
        uint64_t first, oldest, position;
        uint32_t room = (uint32_t)(unit_random(&random) % 9000) + 1;

        add((uint32_t)(unit_random(&random) % 6000));
        oldest = history.end > HISTORY_SIZE ? history.end - HISTORY_SIZE : 0;
        position = unit_random(&random) % (history.end + 10);
        first = MIN(MAX(position, oldest), history.end);
        check_read(position, room, first,
                   (uint32_t)MIN(room, history.end - first));
    }
}

/* Without a page what would be in it is gone, and no more. */
static void test_no_page(void **state)
{
    (void)state;
    add(ENV_PAGE_SIZE - 10);
    env_host_refuse_after(0);
    add(30);
    check_read(0, 100, ENV_PAGE_SIZE + 20, 0);
    add(30);
    check_read(0, 100, ENV_PAGE_SIZE + 20, 30);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_silent),
        CASE(test_last),
        CASE(test_random),
        CASE(test_no_page),
    };

    return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}

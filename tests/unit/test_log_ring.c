/* SPDX-License-Identifier: MIT
 *
 * hypervisor/base/log_ring.c against all that was ever written: whatever a
 * reader gets stands there, and what it does not get it is told. (With threads
 * at it: test_log_race.)
 */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "hypervisor/base/log_ring.h"
#include "lib/macros.h"

#define RING_SIZE 256u
#define HISTORY_SIZE 65536u

static struct log_ring ring;
static char *history; /* all that was written */
static uint64_t written;
static uint64_t published;

/* The sanitizer sees each byte that is touched beside the ring. */
static int setup(void **state)
{
    (void)state;
    memset(&ring, 0, sizeof(ring));
    ring.words = malloc(RING_SIZE);
    ring.size = RING_SIZE;
    history = malloc(HISTORY_SIZE);
    written = 0;
    published = 0;
    assert_non_null(ring.words);
    assert_non_null(history);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(ring.words);
    free(history);
    return 0;
}

static void write(const char *text, size_t size)
{
    assert_true(written + size <= HISTORY_SIZE);
    memcpy(history + written, text, size);
    written += size;
    log_ring_write(&ring, text, size);
}

static void publish(void)
{
    published = written;
    log_ring_publish(&ring);
}

static void write_line(const char *line)
{
    write(line, strlen(line));
    publish();
}

/*
 * Reads into a buffer of just that size, and compares with the history; the
 * text is as long as it can be. Returns where the reader goes on.
 */
static uint64_t check_read(uint64_t position, size_t room)
{
    struct log_ring_found found;
    char *text = malloc(room + 1);
    size_t n = log_ring_read(&ring, position, text, room, &found);
    uint64_t asked = MIN(position, published);
    uint64_t oldest = written > RING_SIZE ? written - RING_SIZE + 1 : 0;
    uint64_t from = MAX(asked, oldest);

    assert_int_equal(found.lost, from - asked);
    assert_int_equal(n, MIN(published - from, room));
    assert_int_equal(found.next, from + n);
    assert_memory_equal(text, history + from, n);
    assert_int_equal(found.midline, from != 0 && history[from - 1] != '\n');
    free(text);
    return found.next;
}

static void test_empty(void **state)
{
    (void)state;
    assert_true(log_ring_begins_line(&ring));
    assert_int_equal(check_read(0, 10), 0);
    assert_int_equal(check_read(5, 10), 0);
    assert_int_equal(check_read(~0ul, 10), 0);
    assert_int_equal(check_read(0, 0), 0);
}

/* What is not published is not there, but takes away what it overwrites. */
static void test_publish(void **state)
{
    char dots[RING_SIZE - 1];

    (void)state;
    memset(dots, '.', sizeof(dots));
    write_line("one\n");
    write("two", 3);
    assert_false(log_ring_begins_line(&ring));
    assert_int_equal(check_read(0, 10), 4);
    write("\n", 1);
    assert_true(log_ring_begins_line(&ring));
    publish();
    assert_int_equal(check_read(4, 10), 8);
    write(dots, sizeof(dots));
    assert_int_equal(check_read(0, 10), 8);
    publish();
    assert_int_equal(check_read(~0ul - 1, 10), sizeof(dots) + 8);
}

/* The first line that a slow reader gets is whole, or it is told. */
static void test_lost_lines(void **state)
{
    struct log_ring_found found;
    char text[RING_SIZE];
    bool whole = false, torn = false;

    (void)state;
    for (unsigned int i = 0; i < 100; i++) {
        write_line("0123456\n");
        if (i % 3 == 0)
            write_line("x\n");
        if (i == 50)
            write_line("xy\n"); /* the ends of lines were at odd places */
        if (written < 2 * RING_SIZE)
            continue;
        assert_true(log_ring_read(&ring, 0, text, 3, &found) == 3);
        assert_true(found.lost > 0);
        if (found.midline)
            torn = true;
        else
            whole = true;
        assert_true(found.midline || text[0] == '0' || text[0] == 'x');
    }
    assert_true(whole && torn);
}

/* Any sizes, around and around, and readers at any place. */
static void test_random(void **state)
{
    uint64_t slow = 0, fast = 0;
    char bytes[64];

    (void)state;
    srand(1);
    while (written < HISTORY_SIZE - sizeof(bytes)) {
        size_t n = (size_t)rand() % sizeof(bytes);

        for (size_t i = 0; i < n; i++)
            bytes[i] = rand() % 4 == 0 ? '\n' : (char)rand();
        write(bytes, n);
        if (rand() % 3 != 0 || written - published > RING_SIZE / 2)
            publish();
        fast = check_read(fast, RING_SIZE);
        assert_int_equal(fast, published);
        if (rand() % 8 == 0)
            slow = check_read(slow, (size_t)rand() % 32);
        (void)check_read((uint64_t)rand() % (written + 10), RING_SIZE);
    }
    assert_true(slow > RING_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty, setup, teardown),
        cmocka_unit_test_setup_teardown(test_publish, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lost_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random, setup, teardown),
    };

    return cmocka_run_group_tests_name("log_ring", tests, NULL, NULL);
}

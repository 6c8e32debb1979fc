/* SPDX-License-Identifier: MIT
 *
 * hypervisor/base/log_ring.c against all that was ever written: whatever a
 * reader gets stands there, and what it does not get it is told. (With threads
 * at it: test_log_race.)
 */
#include "tests/unit/unit.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

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

/* ---- a writer overtakes a reader ---- */

#define BIG_SIZE 8192u /* two pages */
#define BIG_WRITTEN 8000u

static struct log_ring big;
static char big_history[4 * BIG_SIZE];
static size_t big_written;

static void big_write(size_t nr)
{
    for (; nr > 0; nr -= MIN(nr, 1000u)) {
        size_t n = MIN(nr, 1000u);

        log_ring_write(&big, big_history + big_written, n);
        log_ring_publish(&big);
        big_written += n;
    }
}

/* The reader touches the second page: meanwhile so much is written. */
static volatile sig_atomic_t nr_meanwhile;

static void write_meanwhile(int signal)
{
    (void)signal;
    if (mprotect(big.words, BIG_SIZE, PROT_READ | PROT_WRITE) != 0)
        abort();
    big_write((size_t)nr_meanwhile);
}

static void make_big(void)
{
    void *memory = mmap(NULL, BIG_SIZE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_true(memory != MAP_FAILED);
    big = (struct log_ring){.words = memory, .size = BIG_SIZE};
    big_written = 0;
    big_write(BIG_WRITTEN);
}

static void check_overtaken(size_t nr)
{
    static char text[BIG_WRITTEN];
    struct log_ring_found found;
    size_t end = BIG_WRITTEN + nr, n;
    size_t first = end > BIG_SIZE ? end - BIG_SIZE + 1 : 0;

    make_big();
    nr_meanwhile = (sig_atomic_t)nr;
    assert_int_equal(
        mprotect((char *)big.words + BIG_SIZE / 2, BIG_SIZE / 2, PROT_NONE), 0);
    n = log_ring_read(&big, 0, text, sizeof(text), &found);
    assert_int_equal(big_written, BIG_WRITTEN + nr);
    assert_int_equal(n, first < BIG_WRITTEN ? BIG_WRITTEN - first : 0);
    assert_int_equal(found.lost, first);
    assert_int_equal(found.next, first + n);
    assert_memory_equal(text, big_history + first, n);
    /* Of what it has not seen at all it does not know. */
    assert_int_equal(found.midline,
                     first > BIG_WRITTEN ||
                         (first > 0 && big_history[first - 1] != '\n'));
    assert_int_equal(munmap(big.words, BIG_SIZE), 0);
}

static void test_overtaken(void **state)
{
    static const size_t much[] = {192,  193,  199,  1000, 5000,
                                  8185, 8190, 8191, 8192, 12000};
    struct sigaction action = {.sa_handler = write_meanwhile}, before;

    (void)state;
    for (size_t i = 0; i < sizeof(big_history); i++)
        big_history[i] = i % 7 == 6 ? '\n' : (char)('a' + i % 26);
    assert_int_equal(sigaction(SIGSEGV, &action, &before), 0);
    for (size_t i = 0; i < ARRAY_SIZE(much); i++)
        check_overtaken(much[i]);
    assert_int_equal(sigaction(SIGSEGV, &before, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty, setup, teardown),
        cmocka_unit_test_setup_teardown(test_publish, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lost_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random, setup, teardown),
        cmocka_unit_test(test_overtaken),
    };

    return cmocka_run_group_tests_name("log_ring", tests, NULL, NULL);
}

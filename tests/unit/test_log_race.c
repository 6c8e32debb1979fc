/* SPDX-License-Identifier: MIT
 *
 * hypervisor/base/log_ring.c with two CPUs that write, in turn by a lock, and
 * two that read meanwhile, each a thread. Built with the thread sanitizer. Each
 * line that a reader gets whole is one that was written, and they come in the
 * order in which they were. The ring is small: readers are overtaken all the
 * time.
 */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hypervisor/base/log_ring.h"

#define NR_WRITERS 2
#define NR_READERS 2
#define NR_LINES 60000ul
#define LINE 24 /* bytes: a number, and the same again */

static uint64_t words[512 / 8];
static struct log_ring ring = {.words = words, .size = sizeof(words)};
static pthread_mutex_t console = PTHREAD_MUTEX_INITIALIZER;
static unsigned long nr_lines; /* under console */

struct reader {
    pthread_t thread;
    uint64_t position;
    char line[LINE]; /* what has come of it */
    size_t size;
    bool skip; /* to its end, since its beginning was lost */
    unsigned long last;
    unsigned long nr_whole;
    unsigned long nr_jumps;
};

/* In pieces, so that readers look in the midst of a line. */
static void write_line(unsigned long number)
{
    char line[LINE + 1];

    (void)snprintf(line, sizeof(line), "%011lu %011lu\n", number, number);
    for (size_t i = 0; i < LINE; i += LINE / 3)
        log_ring_write(&ring, line + i, LINE / 3);
    log_ring_publish(&ring);
}

static void *writer(void *unused)
{
    bool more = true;

    (void)unused;
    while (more) {
        assert_int_equal(pthread_mutex_lock(&console), 0);
        more = nr_lines < NR_LINES;
        if (more)
            write_line(++nr_lines);
        assert_int_equal(pthread_mutex_unlock(&console), 0);
        if (rand() % 16 == 0)
            (void)sched_yield();
    }
    return NULL;
}

static void end_of_line(struct reader *r)
{
    char expected[LINE + 1];
    unsigned long number;

    if (!r->skip) {
        assert_int_equal(r->size, LINE - 1);
        number = strtoul(r->line, NULL, 10);
        (void)snprintf(expected, sizeof(expected), "%011lu %011lu\n", number,
                       number);
        assert_memory_equal(r->line, expected, LINE - 1);
        assert_true(number > r->last);
        r->last = number;
        r->nr_whole++;
    }
    r->skip = false;
    r->size = 0;
}

static void take(struct reader *r, char c)
{
    if (c == '\n') {
        end_of_line(r);
    } else if (!r->skip) {
        assert_true(r->size < LINE);
        r->line[r->size++] = c;
    }
}

static void *reader(void *argument)
{
    struct reader *r = argument;
    struct log_ring_found found;
    char text[100];

    while (r->position < NR_LINES * LINE) {
        uint64_t before = r->position;
        size_t n =
            log_ring_read(&ring, r->position, text, sizeof(text), &found);

        assert_int_equal(found.next, before + found.lost + n);
        if (found.lost > 0) {
            r->nr_jumps++;
            r->size = 0;
            r->skip = found.midline;
        }
        for (size_t i = 0; i < n; i++)
            take(r, text[i]);
        r->position = found.next;
        if (n == 0)
            (void)sched_yield();
    }
    return NULL;
}

static void test_race(void **state)
{
    static struct reader readers[NR_READERS];
    pthread_t writers[NR_WRITERS];

    (void)state;
    for (int i = 0; i < NR_READERS; i++)
        assert_int_equal(
            pthread_create(&readers[i].thread, NULL, reader, &readers[i]), 0);
    for (int i = 0; i < NR_WRITERS; i++)
        assert_int_equal(pthread_create(&writers[i], NULL, writer, NULL), 0);
    for (int i = 0; i < NR_WRITERS; i++)
        assert_int_equal(pthread_join(writers[i], NULL), 0);
    for (int i = 0; i < NR_READERS; i++) {
        assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
        print_message("reader %d: %lu whole lines, %lu jumps\n", i,
                      readers[i].nr_whole, readers[i].nr_jumps);
        /* The last one is there for everybody. */
        assert_int_equal(readers[i].last, NR_LINES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_race),
    };

    return cmocka_run_group_tests_name("log_race", tests, NULL, NULL);
}

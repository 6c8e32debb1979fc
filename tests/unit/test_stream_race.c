/* SPDX-License-Identifier: MIT
 *
 * pvdrivers/stream.h with a writer and a reader that are threads. Built with
 * the thread sanitizer. Every byte arrives once and in order, across 2^32, and
 * nobody sleeps while the other end has something for it. How long anything
 * takes decides nothing.
 */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/macros.h"
#include "pvdrivers/stream.h"
#include "tests/unit/two_ends.h"

#define NR_BYTES 1000000ul
#define FIRST 0xfffc0000u /* 2^32 comes among them */
#define WRITER 0
#define READER 1
#define MAX_SIZE 2048u

static struct parapet_stream words;
static uint8_t bytes[MAX_SIZE];
static struct stream_writer writer;
static struct stream_reader reader;
static unsigned long nr_sleeps[2], nr_sent[2];

static void must(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "stream_race: %s\n", what);
        abort();
    }
}

static void fill(uint8_t *text, uint64_t number, uint32_t nr)
{
    for (uint32_t i = 0; i < nr; i++)
        text[i] = (uint8_t)((number + i) * 7 + (number + i) / 251);
}

static void tell(int end, bool sleeps)
{
    if (sleeps) {
        nr_sent[end]++;
        two_ends_send(1 - end);
    }
}

static void wait(int end, int found)
{
    must(found >= 0, "an index is no index");
    if (found == 0) {
        nr_sleeps[end]++;
        must(two_ends_sleep(end), "both ends sleep for ever");
    }
}

static void *run_writer(void *unused)
{
    uint64_t written = 0, random = 5;
    uint8_t text[MAX_SIZE];

    (void)unused;
    while (written < NR_BYTES) {
        uint32_t most = (uint32_t)(unit_random(&random) % writer.size) + 1;
        uint32_t nr = (uint32_t)MIN(most, NR_BYTES - written);
        int done;

        fill(text, written, nr);
        done = stream_write(&writer, text, nr);
        must(done >= 0, "the reader's index is none");
        written += (uint64_t)done;
        if (unit_random(&random) % 4 == 0 || (uint32_t)done < nr ||
            written == NR_BYTES)
            tell(WRITER, stream_writer_push(&writer));
        /* For some of the rest, or for all. */
        if ((uint32_t)done < nr)
            wait(WRITER, stream_writer_wait(&writer, nr - (uint32_t)done));
    }
    two_ends_leave(WRITER);
    return NULL;
}

static void *run_reader(void *unused)
{
    uint64_t done = 0, random = 7;
    uint8_t text[MAX_SIZE], expected[MAX_SIZE];

    (void)unused;
    while (done < NR_BYTES) {
        uint32_t most = (uint32_t)(unit_random(&random) % reader.size) + 1;
        int nr = stream_read(&reader, text, most);

        must(nr >= 0, "the writer's index is none");
        fill(expected, done, (uint32_t)nr);
        must(memcmp(text, expected, (size_t)nr) == 0, "a byte is another");
        done += (uint64_t)nr;
        if (nr == 0 || unit_random(&random) % 4 == 0)
            tell(READER, stream_reader_free(&reader));
        if (nr == 0)
            wait(READER, stream_reader_wait(&reader));
    }
    two_ends_leave(READER);
    return NULL;
}

static void race(uint32_t size)
{
    pthread_t threads[2];

    words = (struct parapet_stream){
        .prod = FIRST,
        .cons_event = FIRST,
        .cons = FIRST,
        .prod_event = FIRST,
    };
    stream_writer_init(&writer, &words, bytes, size);
    stream_reader_init(&reader, &words, bytes, size);
    two_ends_begin();
    for (int end = 0; end < 2; end++)
        nr_sleeps[end] = nr_sent[end] = 0;

    assert_int_equal(pthread_create(&threads[0], NULL, run_writer, NULL), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, run_reader, NULL), 0);
    for (int end = 0; end < 2; end++)
        assert_int_equal(pthread_join(threads[end], NULL), 0);
    assert_int_equal(words.prod, FIRST + (uint32_t)NR_BYTES);
    for (int end = 0; end < 2; end++)
        print_message("%u bytes: end %d: %lu sleeps; it sent %lu\n", size, end,
                      nr_sleeps[end], nr_sent[end]);
}

static void test_race(void **state)
{
    static const uint32_t sizes[] = {MAX_SIZE, 64};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
        race(sizes[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_race),
    };

    return cmocka_run_group_tests_name("stream_race", tests, NULL, NULL);
}

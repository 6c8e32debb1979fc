/* SPDX-License-Identifier: MIT
 *
 * pvdrivers/stream.h: both ends with each other, around 2^32 too, ends that
 * come anew, and each of them with another end that lies. (With threads:
 * test_stream_race.)
 */
#include "tests/unit/unit.h"

#include <string.h>
#include <sys/mman.h>

#include "lib/macros.h"
#include "pvdrivers/stream.h"

#define SIZE 64u

static struct parapet_stream *words; /* a page: it can be taken away */
static uint8_t *bytes;               /* the sanitizer sees what is beside */
static struct stream_writer writer;
static struct stream_reader reader;

static void begin_at(uint32_t first)
{
    memset(words, 0, sizeof(*words));
    words->prod = words->cons = first;
    words->prod_event = words->cons_event = first;
    stream_writer_init(&writer, words, bytes, SIZE);
    stream_reader_init(&reader, words, bytes, SIZE);
}

static int setup(void **state)
{
    (void)state;
    words = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(words != MAP_FAILED);
    bytes = malloc(SIZE);
    assert_non_null(bytes);
    begin_at(0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(bytes);
    assert_int_equal(munmap(words, 4096), 0);
    return 0;
}

/* The byte with that number. */
static uint8_t byte_of(uint64_t number)
{
    return (uint8_t)(number * 7 + number / 251);
}

static int write_from(uint64_t number, uint32_t nr)
{
    uint8_t text[2 * SIZE];

    for (uint32_t i = 0; i < nr; i++)
        text[i] = byte_of(number + i);
    return stream_write(&writer, text, nr);
}

static int read_from(uint64_t number, uint32_t nr)
{
    uint8_t *text = malloc(nr);
    int result = stream_read(&reader, text, nr);

    for (int i = 0; i < result; i++)
        assert_int_equal(text[i], byte_of(number + (uint64_t)i));
    free(text);
    return result;
}

static void test_full(void **state)
{
    static const uint32_t firsts[] = {0, 63, 0xffffffe0, 0xffffffff};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(firsts); i++) {
        begin_at(firsts[i]);
        assert_int_equal(stream_writer_look(&writer), SIZE);
        assert_int_equal(write_from(0, 2 * SIZE), SIZE);
        assert_int_equal(write_from(SIZE, 1), 0);
        assert_int_equal(read_from(0, 10), 0); /* not told */
        (void)stream_writer_push(&writer);
        assert_int_equal(read_from(0, 10), 10);
        assert_int_equal(write_from(SIZE, 1), 0); /* not told */
        (void)stream_reader_free(&reader);
        assert_int_equal(write_from(SIZE, 20), 10);
        (void)stream_writer_push(&writer);
        assert_int_equal(read_from(10, 2 * SIZE), SIZE);
        assert_int_equal(read_from(10 + SIZE, 1), 0);
        assert_int_equal(read_from(10 + SIZE, 0), 0);
    }
}

static void check_notify(uint32_t first)
{
    begin_at(first);
    assert_false(stream_writer_push(&writer)); /* nothing is new */
    assert_int_equal(stream_reader_wait(&reader), 0);
    assert_int_equal(write_from(0, 5), 5);
    assert_true(stream_writer_push(&writer));
    assert_int_equal(stream_reader_wait(&reader), 1);
    assert_int_equal(write_from(5, 5), 5);
    assert_false(stream_writer_push(&writer)); /* the reader is at work */
    assert_int_equal(read_from(0, SIZE), 10);
    assert_int_equal(write_from(10, SIZE), SIZE - 10);
    (void)stream_writer_push(&writer);

    assert_int_equal(stream_writer_wait(&writer, 10), 0);
    assert_true(stream_reader_free(&reader)); /* there is just enough */
    assert_int_equal(stream_writer_wait(&writer, 10), 1);
    assert_int_equal(write_from(SIZE, 10), 10);
    (void)stream_writer_push(&writer);
    assert_int_equal(stream_writer_wait(&writer, 30), 0);
    assert_int_equal(read_from(10, 29), 29);
    assert_false(stream_reader_free(&reader)); /* too little */
    assert_int_equal(read_from(39, 1), 1);
    assert_true(stream_reader_free(&reader));
    assert_false(stream_reader_free(&reader));
    assert_int_equal(stream_writer_wait(&writer, 30), 1);
}

static void test_notify(void **state)
{
    (void)state;
    for (uint32_t first = 0xffffff80; first != 0x80; first++)
        check_notify(first);
}

/* All zeros: nobody is at work, and the first byte is told. */
static void test_first_is_told(void **state)
{
    (void)state;
    assert_int_equal(write_from(0, 1), 1);
    assert_true(stream_writer_push(&writer));
}

/* Any sizes, across 2^32, and ends that are gone and come anew. */
static void test_random(void **state)
{
    uint64_t random = 1, written = 0, told = 0, done = 0, freed = 0;

    (void)state;
    begin_at(0xfffff000);
    while (done < 100000) {
        uint64_t step = unit_random(&random) % 16;
        uint32_t nr = (uint32_t)unit_random(&random) % (SIZE + 10);
        int result;

        if (step < 6) {
            result = write_from(written, nr);
            assert_int_equal(result, MIN(nr, SIZE - (written - freed)));
            written += (uint64_t)result;
        } else if (step < 8) {
            (void)stream_writer_push(&writer);
            told = written;
        } else if (step < 12) {
            result = read_from(done, nr);
            assert_int_equal(result, MIN(nr, told - done));
            done += (uint64_t)result;
        } else if (step < 14) {
            (void)stream_reader_free(&reader);
            freed = done;
        } else if (step == 14) {
            stream_writer_init(&writer, words, bytes, SIZE);
            written = told; /* the rest nobody knew of */
        } else {
            stream_reader_init(&reader, words, bytes, SIZE);
            done = freed; /* once more */
        }
    }
}

/* ---- another end that lies ---- */

static void check_broken(bool is_writer)
{
    uint8_t byte = 0;

    assert_int_equal(mprotect(words, 4096, PROT_NONE), 0);
    if (is_writer) {
        assert_int_equal(stream_writer_look(&writer), -PV_EIO);
        assert_int_equal(stream_write(&writer, &byte, 1), -PV_EIO);
        assert_int_equal(stream_writer_wait(&writer, 1), -PV_EIO);
        assert_false(stream_writer_push(&writer));
    } else {
        assert_int_equal(stream_reader_look(&reader), -PV_EIO);
        assert_int_equal(stream_read(&reader, &byte, 1), -PV_EIO);
        assert_int_equal(stream_reader_wait(&reader), -PV_EIO);
        assert_false(stream_reader_free(&reader));
    }
    assert_int_equal(mprotect(words, 4096, PROT_READ | PROT_WRITE), 0);
}

/* 40 written, 30 of them told; the reader has freed 10. */
static void writer_at_work(uint32_t first)
{
    begin_at(first);
    assert_int_equal(write_from(0, 30), 30);
    (void)stream_writer_push(&writer);
    assert_int_equal(write_from(30, 10), 10);
    words->cons = first + 10;
    assert_int_equal(stream_writer_look(&writer), SIZE - 30);
}

static void test_hostile_reader(void **state)
{
    static const uint32_t lies[] = {0, 9, 31, 40, SIZE, ~0u, 0x80000000};

    (void)state;
    for (uint32_t first = 0xffffffe0; first != 0x20; first++) {
        for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
            writer_at_work(first);
            words->cons = first + lies[i];
            assert_int_equal(write_from(40, SIZE), -PV_EIO);
            words->cons = first + 10; /* it repents */
            check_broken(true);
            writer_at_work(first);
            words->cons = first + lies[i];
            assert_int_equal(stream_writer_wait(&writer, 1), -PV_EIO);
            check_broken(true);
        }
        for (uint32_t truth = 10; truth <= 30; truth++) {
            writer_at_work(first);
            words->cons = first + truth;
            assert_int_equal(write_from(40, SIZE), SIZE - 40 + truth);
        }
    }
}

/* 20 taken, 15 of them told; by the last look there were 25. */
static void reader_at_work(uint32_t first)
{
    begin_at(first);
    assert_int_equal(write_from(0, 25), 25);
    (void)stream_writer_push(&writer);
    assert_int_equal(read_from(0, 15), 15);
    (void)stream_reader_free(&reader);
    assert_int_equal(read_from(15, 5), 5);
}

static void test_hostile_writer(void **state)
{
    static const uint32_t lies[] = {0,         19,         24, 15 + SIZE + 1,
                                    20 + SIZE, 0x80000000, ~0u};

    (void)state;
    for (uint32_t first = 0xffffffe0; first != 0x20; first++) {
        for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
            reader_at_work(first);
            words->prod = first + lies[i];
            assert_int_equal(read_from(20, SIZE), -PV_EIO);
            words->prod = first + 25;
            check_broken(false);
            reader_at_work(first);
            words->prod = first + lies[i];
            assert_int_equal(stream_reader_wait(&reader), -PV_EIO);
            check_broken(false);
        }
        for (uint32_t truth = 25; truth <= 15 + SIZE; truth++) {
            reader_at_work(first);
            words->prod = first + truth;
            assert_int_equal(stream_reader_look(&reader), truth - 20);
        }
    }
}

/* Left as an index by whoever was there before: it leads nowhere else. */
static void test_hostile_beginning(void **state)
{
    (void)state;
    words->prod = 1000;
    words->cons = 1000 - SIZE - 1;
    stream_writer_init(&writer, words, bytes, SIZE);
    assert_int_equal(write_from(0, 1), -PV_EIO);
    stream_reader_init(&reader, words, bytes, SIZE);
    assert_int_equal(read_from(0, 1), -PV_EIO);
    words->cons = 1001;
    stream_writer_init(&writer, words, bytes, SIZE);
    assert_int_equal(stream_writer_wait(&writer, 1), -PV_EIO);
    stream_reader_init(&reader, words, bytes, SIZE);
    assert_int_equal(stream_reader_wait(&reader), -PV_EIO);
}

/* What an end has written itself it does not read back. */
static void test_own_words(void **state)
{
    (void)state;
    assert_int_equal(write_from(0, 20), 20);
    (void)stream_writer_push(&writer);
    words->cons = 77; /* by the writer */
    words->prod_event = 77;
    assert_int_equal(read_from(0, 10), 10);
    (void)stream_reader_free(&reader);
    assert_int_equal(words->cons, 10);
    words->prod = 77; /* by the reader */
    words->cons_event = 77;
    assert_int_equal(write_from(20, SIZE), SIZE - 10);
    (void)stream_writer_push(&writer);
    assert_int_equal(words->prod, SIZE + 10);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_full),
        CASE(test_notify),
        CASE(test_first_is_told),
        CASE(test_random),
        CASE(test_hostile_reader),
        CASE(test_hostile_writer),
        CASE(test_hostile_beginning),
        CASE(test_own_words),
    };

    return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
